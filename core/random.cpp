#include <algorithm>
#include <atomic>
#include <cmath>
#include <numbers>
#include <numeric>

#include <Random123/philox.h>
#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>
#include <tapestry/kernels/runtime/philox.hpp>

namespace tapestry {
namespace {

__extension__ using Uint128 = unsigned __int128;

constexpr std::int64_t fill_grain = 1 << 12;

std::uint32_t low_word(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);
}
std::uint32_t high_word(std::uint64_t value) {
  return static_cast<std::uint32_t>(value >> 32);
}

struct Seeded {
  std::uint64_t seed = 0;
  std::uint64_t next_stream = 0;
};

/// The first thread has the seed 0, so that a program with one thread is reproducible; every other thread has a seed of
/// its own, in a range that explicit seeds are rarely in.
std::uint64_t default_seed() {
  static std::atomic<std::uint64_t> threads = 0;
  const std::uint64_t thread = threads++;
  return thread == 0 ? 0 : (std::uint64_t{1} << 63) + thread;
}

Seeded& seeded() {
  thread_local Seeded state = {.seed = default_seed()};
  return state;
}

/// Calls `fill(words, first, count)` for every block, which yields the `count` ≤ `per_block` elements from `first` on.
template <class Fill>
void for_each_block(const RandomStream& stream, std::int64_t size, std::int64_t per_block, const Fill& fill) {
  const std::int64_t blocks = (size + per_block - 1) / per_block;
  const Philox random(stream.seed, stream.stream, stream.step);
  kernels::parallel_ranges(blocks, fill_grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t block = begin; block < end; ++block) {
      const auto words = random(static_cast<std::uint64_t>(block));
      fill(words, block * per_block, std::min(per_block, size - block * per_block));
    }
  });
}

/// 53 random bits of two words, in [0, 1).
double unit_interval(std::uint32_t high, std::uint32_t low) {
  const std::uint64_t bits = (std::uint64_t{high} << 32 | low) >> 11;
  return static_cast<double>(bits) * 0x1p-53;
}

/// low + unit · (high − low) for unit < 1; if that is rounded up to `high`, the number before it.
template <class T>
T interpolate(double low, double high, T unit) {
  const T value = static_cast<T>(low) + unit * static_cast<T>(high - low);
  const T end = static_cast<T>(high);
  return value < end || low >= high ? value : std::nextafter(end, static_cast<T>(low));
}

}  // namespace

// A key has 64 bits; seed and stream have 128. One application of Philox, keyed by the seed, mixes the stream
// in.
Philox::Philox(std::uint64_t seed, std::uint64_t stream, std::uint64_t step) : step_{low_word(step), high_word(step)} {
  const auto mixed =
      r123::Philox4x32()({{low_word(stream), high_word(stream), 0, 0}}, {{low_word(seed), high_word(seed)}});
  key_ = {mixed[0], mixed[1]};
}

std::array<std::uint32_t, 4> Philox::operator()(std::uint64_t block) const {
  const auto words =
      r123::Philox4x32()({{low_word(block), high_word(block), step_[0], step_[1]}}, {{key_[0], key_[1]}});
  return {words[0], words[1], words[2], words[3]};
}

void Philox::fill(std::uint64_t first, std::int64_t count, std::uint32_t* words) const {
  kernels::philox(key_, step_, first, count, words);
}

Array RandomStream::integers(const Shape& shape, std::int64_t bound) {
  if (bound < 1) throw ValueError(fmt::format("integers: the bound must be at least 1, got {}", bound));
  Array result = Array::empty(shape, DType::i64);
  auto* out = result.mutable_data<std::int64_t>();
  for_each_block(*this, result.numel(), 2, [&](const auto& words, std::int64_t first, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>(2 * i);
      const std::uint64_t bits = std::uint64_t{words[at]} << 32 | words[at + 1];
      // The high half of a 64 × 64 bit product (Lemire, 2019): biased by less than bound / 2⁶⁴.
      out[first + i] = static_cast<std::int64_t>((static_cast<Uint128>(bits) * static_cast<Uint128>(bound)) >> 64);
    }
  });
  ++step;
  return result;
}

Array RandomStream::uniform(const Shape& shape, double low, double high, DType dtype) {
  Array result = Array::empty(shape, dtype);
  visit_floating("uniform", dtype, [&]<class T>() {
    T* out = result.mutable_data<T>();
    if constexpr (sizeof(T) == 4) {
      for_each_block(*this, result.numel(), 4, [&](const auto& words, std::int64_t first, std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i) {
          // 24 bits fill a float exactly, so that 1 is never reached by rounding.
          const float unit = static_cast<float>(words[static_cast<std::size_t>(i)] >> 8) * 0x1p-24F;
          out[first + i] = interpolate(low, high, unit);
        }
      });
    } else {
      for_each_block(*this, result.numel(), 2, [&](const auto& words, std::int64_t first, std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i) {
          const auto at = static_cast<std::size_t>(2 * i);
          out[first + i] = interpolate(low, high, unit_interval(words[at], words[at + 1]));
        }
      });
    }
  });
  ++step;
  return result;
}

Array RandomStream::normal(const Shape& shape, double mean, double standard_deviation, DType dtype) {
  Array result = Array::empty(shape, dtype);
  visit_floating("normal", dtype, [&]<class T>() {
    T* out = result.mutable_data<T>();
    for_each_block(*this, result.numel(), 2, [&](const auto& words, std::int64_t first, std::int64_t count) {
      const double radius = std::sqrt(-2 * std::log(1 - unit_interval(words[0], words[1])));
      const double angle = 2 * std::numbers::pi * unit_interval(words[2], words[3]);
      out[first] = static_cast<T>(mean + standard_deviation * radius * std::cos(angle));
      if (count > 1) out[first + 1] = static_cast<T>(mean + standard_deviation * radius * std::sin(angle));
    });
  });
  ++step;
  return result;
}

Array RandomStream::permutation(std::int64_t count) {
  Array result = Array::empty({count}, DType::i64);
  auto* out = result.mutable_data<std::int64_t>();
  std::iota(out, out + count, 0);
  const Array draws = uniform({count}, 0, 1, DType::f64);
  const double* draw = draws.data<double>();
  // The Fisher-Yates shuffle.
  for (std::int64_t i = count - 1; i > 0; --i) {
    std::swap(out[i], out[static_cast<std::int64_t>(draw[i] * static_cast<double>(i + 1))]);
  }
  return result;
}

void manual_seed(std::uint64_t seed) {
  seeded() = {.seed = seed};
}

RandomStream new_random_stream() {
  Seeded& state = seeded();
  return {.seed = state.seed, .stream = state.next_stream++};
}

}  // namespace tapestry
