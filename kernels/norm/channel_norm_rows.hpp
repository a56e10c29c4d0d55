// How the passes of channel_norm go through the rows.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include <tapestry/kernels/norm/channel_norm.hpp>

namespace tapestry::kernels::channel_norm {

using Geometry = ChannelNormGeometry;

template <class T>
constexpr bool is_f32 = sizeof(T) == 4;

template <class T>
std::int64_t rows_in_bytes(const Geometry& g, std::int64_t bytes) {
  return std::max<std::int64_t>(1,
                                bytes / (std::max<std::int64_t>(1, g.channels) * static_cast<std::int64_t>(sizeof(T))));
}

/// What comes after the normalisation.
enum class Relu { none, unbounded, bounded };

template <class T>
Relu relu_of(const ChannelAffine<T>& affine) {
  if (!affine.relu_bound) return Relu::none;
  return *affine.relu_bound == std::numeric_limits<double>::infinity() ? Relu::unbounded : Relu::bounded;
}

/// The bound of the ReLU as T has it; 0 without a ReLU.
template <class T>
T relu_bound(const ChannelAffine<T>& affine) {
  return static_cast<T>(affine.relu_bound.value_or(0));
}

// A vector would be little used by a pixel of few channels: 16 rows are computed as one of 16 times the channels.
inline constexpr std::int64_t narrow = 16;
inline constexpr std::int64_t rows_as_one = 16;

/// Calls `body(rows, channels, element, parameters)` so that the calls cover `rows` rows from `element` on; where rows
/// are computed as one the parameters, numbers per channel or null, are repeated.
template <class Parameter, std::size_t count, class Body>
void for_wide_rows(std::int64_t rows, std::int64_t channels, const std::array<const Parameter*, count>& parameters,
                   const Body& body) {
  std::int64_t done = 0;
  if (channels < narrow && rows >= rows_as_one) {
    std::array<std::array<Parameter, narrow * rows_as_one>, count> repeated;
    std::array<const Parameter*, count> pointers{};
    for (std::size_t i = 0; i < count; ++i) {
      if (parameters[i] == nullptr) continue;
      pointers[i] = repeated[i].data();
      for (std::int64_t row = 0; row < rows_as_one; ++row)
        std::copy_n(parameters[i], channels, repeated[i].data() + row * channels);
    }
    body(rows / rows_as_one, channels * rows_as_one, std::int64_t{0}, pointers);
    done = rows / rows_as_one * rows_as_one;
  }
  if (done < rows) body(rows - done, channels, done * channels, parameters);
}

/// The numbers per channel from channel number `c` on; null stays null.
template <class T>
const T* from_channel(const T* numbers, std::int64_t c) {
  return numbers == nullptr ? nullptr : numbers + c;
}
template <class T>
ChannelAffine<T> from_channel(const ChannelAffine<T>& affine, std::int64_t c) {
  return {from_channel(affine.mean, c), from_channel(affine.mean_rest, c), from_channel(affine.scale, c),
          from_channel(affine.bias, c), affine.relu_bound};
}

/// The numbers per channel of `affine`, and others, in a row.
template <class T, class... Others>
std::array<const T*, 4 + sizeof...(Others)> numbers_of(const ChannelAffine<T>& affine, Others... others) {
  return {affine.mean, affine.mean_rest, affine.scale, affine.bias, others...};
}

/// Back.
template <class T, std::size_t count>
ChannelAffine<T> affine_of(const std::array<const T*, count>& numbers, std::optional<double> relu_bound) {
  return {numbers[0], numbers[1], numbers[2], numbers[3], relu_bound};
}

}  // namespace tapestry::kernels::channel_norm
