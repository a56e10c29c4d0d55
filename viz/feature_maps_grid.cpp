#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/viz/color_scale.hpp>
#include <tapestry/viz/feature_maps_grid.hpp>
#include <tapestry/viz/image_grid.hpp>

namespace tapestry::viz {
namespace {

/// One channel as a picture (3, height, width).
Array colored(std::span<const double> values, std::int64_t height, std::int64_t width) {
  double low = INFINITY, high = -INFINITY;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  const double range = high > low ? high - low : 1;
  Array picture = Array::empty({3, height, width}, DType::u8, MemoryFormat::channels_last);
  auto* out = picture.mutable_data<std::uint8_t>();
  for (const double value : values) {
    const data::Color color = viridis((value - low) / range);
    *out++ = color.red;
    *out++ = color.green;
    *out++ = color.blue;
  }
  return picture;
}

}  // namespace

Array feature_maps_grid(const Array& maps, const FeatureMapsGridOptions& options) {
  if (maps.rank() != 3) {
    throw ShapeError(fmt::format("feature_maps_grid: expected maps (C, H, W), got {}", to_string(maps)));
  }
  if (!is_floating(maps.dtype())) throw_not_floating("feature_maps_grid", maps.dtype());
  const auto values = maps.to(DType::f64).to_vector<double>();
  const auto plane = static_cast<std::size_t>(maps.size(1) * maps.size(2));
  std::vector<Array> pictures;
  for (std::size_t channel = 0; channel < static_cast<std::size_t>(maps.size(0)); ++channel) {
    pictures.push_back(colored(std::span(values).subspan(channel * plane, plane), maps.size(1), maps.size(2)));
  }
  return image_grid(pictures, {.columns = options.columns, .enlarge = options.enlarge, .padding = options.padding});
}

}  // namespace tapestry::viz
