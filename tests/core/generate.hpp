// Generated shapes and arrays for tests: the same in every run, with unequal axes, odd sizes and some axes of size 0 or
// 1.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include <tapestry/core/array.hpp>

#include "catch.hpp"

namespace tapestry::testing {

/// Generated values, a function of the seed and the earlier draws.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  /// A number in [low, high].
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool one_in(std::int64_t times) { return between(1, times) == 1; }
  double real(double low, double high) { return low + (high - low) * static_cast<double>(random_() >> 11) * 0x1p-53; }

  /// A shape with a rank in [least, most] and sizes in [1, largest].
  Shape shape(int least, int most, std::int64_t largest) {
    std::vector<std::int64_t> sizes(static_cast<std::size_t>(between(least, most)));
    for (auto& size : sizes) size = between(1, largest);
    return Shape(sizes);
  }
  /// A shape that broadcasts to `shape`: some leading axes are omitted, some sizes are 1.
  Shape broadcastable(const Shape& shape) {
    std::vector<std::int64_t> sizes(shape.begin() + between(0, one_in(2) ? 0 : shape.rank()), shape.end());
    for (auto& size : sizes) size = one_in(3) ? 1 : size;
    return Shape(sizes);
  }
  /// One axis of a shape, sometimes counted from the end.
  int axis(const Shape& shape) {
    const auto front = static_cast<int>(between(0, shape.rank() - 1));
    return one_in(2) ? front : front - shape.rank();
  }

  /// Numbers of type f64 in [low, high), all different, so that there are no ties.
  Array reals(const Shape& shape, double low = -1, double high = 1) {
    std::vector<double> values(static_cast<std::size_t>(shape.numel()));
    const double slot = (high - low) / std::max(1.0, static_cast<double>(values.size()));
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = low + slot * (static_cast<double>(i) + real(0.25, 0.75));
    std::shuffle(values.begin(), values.end(), random_);
    return Array::from(shape, values);
  }
  /// Numbers of type f64 in [-1.1, 1.1) with a magnitude of at least 0.1, because many functions have a kink at 0.
  Array reals_with_gap(const Shape& shape) {
    Array result = reals(shape);
    double* values = result.mutable_data<double>();
    std::transform(values, values + shape.numel(), values, [](double x) { return x + (x < 0 ? -0.1 : 0.1); });
    return result;
  }
  /// Small integers: their sums and products are exact in every type and order.
  Array integers(const Shape& shape, DType dtype = DType::f32) {
    std::vector<std::int64_t> values(static_cast<std::size_t>(shape.numel()));
    for (auto& value : values) value = between(0, 8);
    return Array::from(shape, values).to(dtype);
  }

 private:
  std::mt19937_64 random_;
};

/// True when an array of this shape can be channels-last.
inline bool is_image(const Shape& shape) {
  return shape.rank() == 3 || shape.rank() == 4;
}

/// `array` in channels-last memory if its rank allows it.
inline Array in_channels_last(const Array& array) {
  return is_image(array.shape()) ? array.contiguous(MemoryFormat::channels_last) : array;
}

/// The elements of an array of any type as doubles, in row-major order.
inline std::vector<double> values_of(const Array& array) {
  return array.to(DType::f64).to_vector<double>();
}

/// Increments an index in row-major order.
inline void advance(std::vector<std::int64_t>& index, const Shape& shape) {
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    auto& at = index[static_cast<std::size_t>(axis)];
    if (++at < shape[axis]) return;
    at = 0;
  }
}

/// The row-major position of the element of an array of `shape` that `index` refers to under broadcasting.
inline std::size_t broadcast_position(const std::vector<std::int64_t>& index, const Shape& shape) {
  std::int64_t position = 0;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const std::int64_t at = index[index.size() - static_cast<std::size_t>(shape.rank() - axis)];
    position = position * shape[axis] + (shape[axis] == 1 ? 0 : at);
  }
  return static_cast<std::size_t>(position);
}

/// Requires equal shapes and types, and elements that differ by no more than `tolerance` times the larger of 1 and the
/// wanted magnitude; NaN equals NaN.
inline void require_close(const Array& got, const Array& wanted, double tolerance) {
  INFO("got " << to_string(got) << ", wanted " << to_string(wanted));
  REQUIRE(got.shape() == wanted.shape());
  REQUIRE(got.dtype() == wanted.dtype());
  const auto have = values_of(got);
  const auto want = values_of(wanted);
  for (std::size_t i = 0; i < have.size(); ++i) {
    if (have[i] == want[i] || (std::isnan(have[i]) && std::isnan(want[i]))) continue;
    INFO("element " << i << ": got " << have[i] << ", wanted " << want[i]);
    REQUIRE(std::abs(have[i] - want[i]) <= tolerance * std::max(1.0, std::abs(want[i])));
  }
}

/// Requires the same elements.
inline void require_equal(const Array& got, const Array& wanted) {
  require_close(got, wanted, 0);
}

}  // namespace tapestry::testing
