// How the passes of channel_norm go through the rows.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <tapestry/kernels/channel_norm.hpp>

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

inline Relu relu_of(const ChannelAffine& affine) {
  if (!affine.relu_bound) return Relu::none;
  return *affine.relu_bound == std::numeric_limits<double>::infinity() ? Relu::unbounded : Relu::bounded;
}

/// The bound of the ReLU as T has it; 0 without a ReLU.
template <class T>
T upper_bound(const ChannelAffine& affine) {
  return static_cast<T>(affine.relu_bound.value_or(0));
}

/// The smallest double that rounds to the bound: a result reaches it in T where it reaches this in double.
template <class T>
double upper_kink(const ChannelAffine& affine) {
  const T bound = upper_bound<T>(affine);
  const double middle = (static_cast<double>(std::nextafter(bound, T{0})) + static_cast<double>(bound)) / 2;
  return static_cast<T>(middle) == bound ? middle : std::nextafter(middle, std::numeric_limits<double>::infinity());
}

/// What sums are made of: of x alone, of x and dy, or of all, when g is written too.
template <class T>
struct SummedArrays {
  const T* x;
  const T* dy = nullptr;
  const T* y = nullptr;
  T* g = nullptr;
  bool streams = false;  ///< g goes past the caches

  SummedArrays from(std::int64_t element) const {
    const auto shifted = [element](auto* array) { return array == nullptr ? nullptr : array + element; };
    return {shifted(x), shifted(dy), shifted(y), shifted(g), streams};
  }
};

// A vector would be little used by a pixel of few channels: 16 rows are computed as one of 16 times the channels.
inline constexpr std::int64_t narrow = 16;
inline constexpr std::int64_t rows_as_one = 16;

/// Calls `body(rows, channels, element, parameters)` so that the calls cover `rows` rows from `element` on; where rows
/// are computed as one the parameters, numbers per channel or null, are repeated.
template <std::size_t count, class Body>
void for_wide_rows(std::int64_t rows, std::int64_t channels, const std::array<const double*, count>& parameters,
                   const Body& body) {
  std::int64_t done = 0;
  if (channels < narrow && rows >= rows_as_one) {
    std::array<std::array<double, narrow * rows_as_one>, count> repeated;
    std::array<const double*, count> pointers{};
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
inline const double* from_channel(const double* numbers, std::int64_t c) {
  return numbers == nullptr ? nullptr : numbers + c;
}

}  // namespace tapestry::kernels::channel_norm
