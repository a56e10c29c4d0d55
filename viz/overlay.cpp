#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/viz/color_scale.hpp>
#include <tapestry/viz/overlay.hpp>

namespace tapestry::viz {
namespace {

void check(const Array& image, const Array& map, const OverlayOptions& options) {
  const bool is_image = image.rank() == 3 && (image.size(0) == 3 || image.size(0) == 1);
  if (!is_image || map.shape() != Shape{image.size(1), image.size(2)}) {
    throw ShapeError(fmt::format("overlay: expected an image (3 or 1, H, W) and a map (H, W), got {} and {}",
                                 to_string(image), to_string(map)));
  }
  if (image.dtype() != DType::u8 || !is_floating(map.dtype())) {
    throw DTypeError(fmt::format("overlay: expected a u8 image and a floating map, got {} and {}", to_string(image),
                                 to_string(map)));
  }
  if (!(options.limit >= 0) || !(options.opacity >= 0 && options.opacity <= 1)) {
    throw ValueError(fmt::format("overlay: limit must be at least 0 and opacity in [0, 1], got {} and {}",
                                 options.limit, options.opacity));
  }
}

}  // namespace

Array overlay(const Array& image, const Array& map, const OverlayOptions& options) {
  check(image, map, options);
  const auto values = map.to(DType::f64).to_vector<double>();
  double limit = options.limit;
  if (limit == 0) {
    for (const double value : values) limit = std::isfinite(value) ? std::max(limit, value) : limit;
  }
  const auto from = image.strides();
  const auto* in = image.data<std::uint8_t>();
  Array picture = Array::empty({3, image.size(1), image.size(2)}, DType::u8, MemoryFormat::channels_last);
  auto* out = picture.mutable_data<std::uint8_t>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    const data::Color color = spectral(limit > 0 ? values[i] / limit : 0);
    const auto* pixel = in + at / image.size(2) * from[1] + at % image.size(2) * from[2];
    const std::int64_t to_next = image.size(0) == 1 ? 0 : from[0];
    for (const std::uint8_t part : {color.red, color.green, color.blue}) {
      *out++ = static_cast<std::uint8_t>(std::lround(options.opacity * part + (1 - options.opacity) * *pixel));
      pixel += to_next;
    }
  }
  return picture;
}

}  // namespace tapestry::viz
