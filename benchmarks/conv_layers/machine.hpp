// What the machine can do at most, measured with all threads.
#pragma once

namespace tapestry::benchmarks {

/// Floating-point operations a second of f32 multiply-adds (two each) on registers alone, in the widest vectors.
double multiply_add_peak();

/// Bytes a second of a[i] = b[i] + s · c[i] on arrays beyond the caches; counted are the reads and the write, as
/// STREAM's triad does (McCalpin, "Memory bandwidth and machine balance in current high performance computers", 1995).
double memory_bandwidth();

}  // namespace tapestry::benchmarks
