// Counter-based random numbers: every number is a function of (seed, stream, step, element), never of threads or of
// earlier draws (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011; Philox4x32-10).
#pragma once

#include <array>
#include <cstdint>

#include <tapestry/core/array.hpp>

namespace tapestry {

/// The blocks of four 32-bit words of (seed, stream, step).
class Philox {
 public:
  Philox(std::uint64_t seed, std::uint64_t stream, std::uint64_t step);
  /// Words 4·block … 4·block + 3.
  std::array<std::uint32_t, 4> operator()(std::uint64_t block) const;
  /// The words of `count` consecutive blocks, starting with block `first`.
  void fill(std::uint64_t first, std::int64_t count, std::uint32_t* words) const;

 private:
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 2> step_;
};

/// A source of random arrays, identified by (seed, stream); `step` counts the draws.
struct RandomStream {
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;
  std::uint64_t step = 0;

  /// Uniform integers in [0, bound), one for each element, f(step, element); bound ≥ 1. Advances `step`.
  Array integers(const Shape& shape, std::int64_t bound);
  /// Uniform numbers in [low, high) of type f32 or f64. Advances `step`.
  Array uniform(const Shape& shape, double low = 0, double high = 1, DType dtype = DType::f32);
  /// Normal numbers of type f32 or f64 (Box and Muller). Advances `step`.
  Array normal(const Shape& shape, double mean = 0, double standard_deviation = 1, DType dtype = DType::f32);
  /// A permutation of 0 … count − 1 (i64). Advances `step`.
  Array permutation(std::int64_t count);
};

/// Restarts the calling thread's random streams from `seed`: layers constructed and arrays drawn afterwards are the
/// same in every run. Threads that never call it have different seeds. A `data::Loader` has a seed of its own.
void manual_seed(std::uint64_t seed);

/// A stream that no earlier call on this thread has returned since `manual_seed`.
RandomStream new_random_stream();

}  // namespace tapestry
