// Geometries and helpers for the tests of the pooling operators.
#pragma once

#include <cmath>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include <tapestry/autograd/ops/pair.hpp>
#include <tapestry/core/array.hpp>
#include <tapestry/core/random.hpp>

#include "core/generate.hpp"
#include "kernels/execution.hpp"

namespace tapestry::testing {

struct PoolCase {
  std::int64_t batch, channels, height, width;
  Pair kernel = 1, stride = 1, padding = 0, dilation = 1;
  bool ceil_mode = false;

  Shape shape() const { return {batch, channels, height, width}; }
};

inline std::string describe(const PoolCase& p) {
  std::ostringstream out;
  const auto pair = [&](const char* name, Pair value) {
    out << ' ' << name << ' ' << value.height << 'x' << value.width;
  };
  out << to_string(p.shape());
  pair("kernel", p.kernel);
  pair("stride", p.stride);
  pair("padding", p.padding);
  pair("dilation", p.dilation);
  out << (p.ceil_mode ? " ceil" : "");
  return out.str();
}

/// The number of windows along an axis by PyTorch's rule, in words: those that fit, in ceil mode one more that does not
/// quite, unless it starts beyond the image and the padding before it.
inline std::int64_t count_windows(std::int64_t in, std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                                  std::int64_t dilation, bool ceil_mode) {
  const auto room = static_cast<double>(in + 2 * padding - dilation * (kernel - 1) - 1) / static_cast<double>(stride);
  auto windows = static_cast<std::int64_t>(ceil_mode ? std::ceil(room) : std::floor(room)) + 1;
  if (ceil_mode && (windows - 1) * stride >= in + padding) --windows;
  return windows;
}

inline std::int64_t out_height(const PoolCase& p) {
  return count_windows(p.height, p.kernel.height, p.stride.height, p.padding.height, p.dilation.height, p.ceil_mode);
}
inline std::int64_t out_width(const PoolCase& p) {
  return count_windows(p.width, p.kernel.width, p.stride.width, p.padding.width, p.dilation.width, p.ceil_mode);
}

/// Calls `body(row, column)` for the pixels of a window, in row-major order.
template <class Body>
void for_each_pixel(const PoolCase& p, std::int64_t i, std::int64_t j, const Body& body) {
  for (std::int64_t r = 0; r < p.kernel.height; ++r) {
    const std::int64_t row = i * p.stride.height - p.padding.height + r * p.dilation.height;
    for (std::int64_t s = 0; s < p.kernel.width; ++s) {
      const std::int64_t column = j * p.stride.width - p.padding.width + s * p.dilation.width;
      if (row >= 0 && row < p.height && column >= 0 && column < p.width) body(row, column);
    }
  }
}

/// True when every window contains a pixel.
inline bool is_whole(const PoolCase& p) {
  if (out_height(p) < 1 || out_width(p) < 1) return false;
  for (std::int64_t i = 0; i < out_height(p); ++i) {
    for (std::int64_t j = 0; j < out_width(p); ++j) {
      int pixels = 0;
      for_each_pixel(p, i, j, [&](auto, auto) { ++pixels; });
      if (pixels == 0) return false;
    }
  }
  return true;
}

/// A random geometry with different axes whose windows all contain a pixel.
inline PoolCase random_pool_case(Generator& random, bool is_dilated) {
  PoolCase p{};
  const auto one_of = [&](const std::vector<std::int64_t>& values) {
    return values[static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(values.size()) - 1))];
  };
  do {
    p.batch = random.between(1, 2);
    p.channels = one_of({1, 2, 3, 5, 7, 8, 13});
    p.height = one_of({1, 2, 3, 5, 7, 11});
    p.width = one_of({1, 2, 3, 5, 7, 11});
    p.kernel = {random.between(1, 4), random.between(1, 4)};
    p.stride = {random.between(1, 3), random.between(1, 3)};
    p.dilation = is_dilated ? Pair(random.between(1, 3), random.between(1, 2)) : Pair(1);
    p.padding = {random.between(0, (p.dilation.height * (p.kernel.height - 1) + 1) / 2),
                 random.between(0, (p.dilation.width * (p.kernel.width - 1) + 1) / 2)};
    p.ceil_mode = random.one_in(2);
  } while (p.height == p.width || !is_whole(p));
  return p;
}

/// The same for a sequence, as a single row.
inline PoolCase random_sequence_case(Generator& random, bool is_dilated) {
  PoolCase p{};
  do {
    p = random_pool_case(random, is_dilated);
    p.height = p.kernel.height = p.stride.height = p.dilation.height = 1;
    p.padding.height = 0;
  } while (p.width == 1 || !is_whole(p));
  return p;
}

/// Different whole numbers in random order.
inline Array distinct(const Shape& shape, DType dtype = DType::f64) {
  RandomStream random{.seed = 5};
  return random.permutation(shape.numel()).reshape(shape).to(dtype);
}

}  // namespace tapestry::testing
