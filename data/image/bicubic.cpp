#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/data/detail/blocks.hpp>
#include <tapestry/data/image/bicubic.hpp>

namespace tapestry::data {
namespace {

/// The weight of a pixel at a distance from the sampled position (Keys, equation 15 with a = −½).
double keys_weight(double distance) {
  constexpr double a = -0.5;
  const double d = std::abs(distance);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  if (d < 2) return ((d - 5) * d + 8) * a * d - 4 * a;
  return 0;
}

/// The four input pixels along an axis that contribute to an output pixel.
struct Taps {
  std::array<std::int64_t, 4> at;
  std::array<float, 4> weight;
};

std::vector<Taps> taps_of(std::int64_t size, std::int64_t factor) {
  std::vector<Taps> all(static_cast<std::size_t>(size * factor));
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double place = (static_cast<double>(i) + 0.5) / static_cast<double>(factor) - 0.5;
    const auto first = static_cast<std::int64_t>(std::floor(place)) - 1;
    for (std::size_t k = 0; k < 4; ++k) {
      const std::int64_t pixel = first + static_cast<std::int64_t>(k);
      all[i].at[k] = std::clamp<std::int64_t>(pixel, 0, size - 1);
      all[i].weight[k] = static_cast<float>(keys_weight(place - static_cast<double>(pixel)));
    }
  }
  return all;
}

/// Enlarges one image (H, W, C) along both axes.
void enlarge_image(const float* in, std::int64_t width, std::int64_t channels, const std::vector<Taps>& rows,
                   const std::vector<Taps>& columns, float* out) {
  for (const Taps& row : rows) {
    for (const Taps& column : columns) {
      for (std::int64_t c = 0; c < channels; ++c) {
        float value = 0;
        for (std::size_t i = 0; i < 4; ++i) {
          float along = 0;
          for (std::size_t j = 0; j < 4; ++j) {
            along += column.weight[j] * in[(row.at[i] * width + column.at[j]) * channels + c];
          }
          value += row.weight[i] * along;
        }
        *out++ = value;
      }
    }
  }
}

}  // namespace

Array enlarge_bicubic(const Array& images, std::int64_t factor) {
  if (images.rank() != 4) {
    throw ShapeError(fmt::format("enlarge_bicubic: expected images (N, C, H, W), got {}", to_string(images)));
  }
  if (images.dtype() != DType::f32) {
    throw DTypeError(fmt::format("enlarge_bicubic: expected f32, got {}", to_string(images)));
  }
  if (factor < 1) throw ValueError(fmt::format("enlarge_bicubic: factor must be at least 1, got {}", factor));
  const std::int64_t channels = images.size(1);
  const std::int64_t width = images.size(3);
  const std::vector<Taps> rows = taps_of(images.size(2), factor);
  const std::vector<Taps> columns = taps_of(width, factor);
  const Array in = images.contiguous(MemoryFormat::channels_last);
  Array result = Array::empty({images.size(0), channels, images.size(2) * factor, width * factor}, DType::f32,
                              MemoryFormat::channels_last);
  const std::int64_t pixels = images.size(2) * width;
  const float* from = in.data<float>();
  float* to = result.mutable_data<float>();
  for_each_block(images.size(0), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) {
      enlarge_image(from + n * pixels * channels, width, channels, rows, columns,
                    to + n * pixels * factor * factor * channels);
    }
  });
  return result.contiguous(images.format());
}

}  // namespace tapestry::data
