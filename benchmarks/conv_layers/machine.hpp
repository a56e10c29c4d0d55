// The machine's peak performance, measured with all threads.
#pragma once

namespace tapestry::benchmarks {

/// Floating-point operations per second of f32 multiply-adds (two each) on registers, with the widest vectors.
double multiply_add_peak();

/// Bytes per second of a[i] = b[i] + s · c[i] on arrays larger than the caches; counts both reads and the write, like
/// STREAM's triad (McCalpin, "Memory bandwidth and machine balance in current high performance computers", 1995).
double memory_bandwidth();

}  // namespace tapestry::benchmarks
