// Loops over rows for kernels with parameters per channel.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <tapestry/kernels/elementwise/epilogue.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::kernels {

/// The number of rows of T that fit into `bytes`, at least 1.
template <class T>
std::int64_t rows_in_bytes(std::int64_t channels, std::int64_t bytes) {
  return std::max<std::int64_t>(1, bytes / (std::max<std::int64_t>(1, channels) * std::int64_t{sizeof(T)}));
}

/// Calls `body(rows, first element, first parameter)` for ranges of rows of one sample each, in parallel.
template <class T, class Body>
void for_row_ranges(const ChannelGeometry& g, const Body& body) {
  parallel_ranges(g.samples * g.rows, rows_in_bytes<T>(g.channels, std::int64_t{1} << 16), [&](auto begin, auto end) {
    for (std::int64_t row = begin; row < end;) {
      const std::int64_t sample = row / g.rows;
      const std::int64_t rows = std::min(end, (sample + 1) * g.rows) - row;
      body(rows, row * g.channels, sample * g.channels);
      row += rows;
    }
  });
}

// A pixel of few channels would use a vector poorly: 16 rows are processed as one of 16 times the channels.
inline constexpr std::int64_t narrow_channels = 16;
inline constexpr std::int64_t rows_as_one = 16;

/// Calls `body(rows, channels, element, numbers)` so that the calls cover `rows` rows from `element` on. If rows are
/// combined, the parameters per channel, some of which may be null, are repeated.
template <class Number, std::size_t count, class Body>
void for_wide_rows(std::int64_t rows, std::int64_t channels, const std::array<const Number*, count>& numbers,
                   const Body& body) {
  std::int64_t done = 0;
  if (channels < narrow_channels && rows >= rows_as_one) {
    std::array<std::array<Number, narrow_channels * rows_as_one>, count> repeated;
    std::array<const Number*, count> pointers{};
    for (std::size_t i = 0; i < count; ++i) {
      if (numbers[i] == nullptr) continue;
      pointers[i] = repeated[i].data();
      for (std::int64_t row = 0; row < rows_as_one; ++row) {
        std::copy_n(numbers[i], channels, repeated[i].data() + row * channels);
      }
    }
    body(rows / rows_as_one, channels * rows_as_one, std::int64_t{0}, pointers);
    done = rows / rows_as_one * rows_as_one;
  }
  if (done < rows) body(rows - done, channels, done * channels, numbers);
}

/// The parameters of an affine map, and others, for `for_wide_rows`.
template <class T, class... Others>
std::array<const T*, 4 + sizeof...(Others)> numbers_of(const ChannelAffine<T>& affine, Others... others) {
  return {affine.mean, affine.mean_rest, affine.scale, affine.bias, others...};
}

/// The affine map that `numbers_of` began with.
template <class T, std::size_t count>
ChannelAffine<T> affine_of(const std::array<const T*, count>& numbers) {
  return {numbers[0], numbers[1], numbers[2], numbers[3]};
}

}  // namespace tapestry::kernels
