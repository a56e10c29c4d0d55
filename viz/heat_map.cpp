#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/data/drawing/draw.hpp>
#include <tapestry/viz/heat_map.hpp>

namespace tapestry::viz {
namespace {

constexpr data::Color most = {178, 24, 43};
constexpr data::Color least = {33, 102, 172};

/// White at 0, `full` at 1.
data::Color faded(data::Color full, double share) {
  const auto mix = [share](std::uint8_t channel) {
    return static_cast<std::uint8_t>(std::lround(255 + share * (channel - 255)));
  };
  return {mix(full.red), mix(full.green), mix(full.blue)};
}

}  // namespace

Array heat_map(const Array& plane, const HeatMapOptions& options) {
  if (plane.rank() != 2) throw ShapeError(fmt::format("heat_map: expected (H, W), got {}", to_string(plane.shape())));
  if (!is_floating(plane.dtype())) throw_not_floating("heat_map", plane.dtype());
  if (!(options.limit >= 0)) {
    throw ValueError(fmt::format("heat_map: limit must be at least 0, got {}", options.limit));
  }
  const auto values = plane.to(DType::f64).to_vector<double>();
  double limit = options.limit;
  if (limit == 0) {
    for (const double value : values) limit = std::isfinite(value) ? std::max(limit, std::abs(value)) : limit;
  }
  Array picture = Array::empty({3, plane.size(0), plane.size(1)}, DType::u8);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double share = limit == 0 ? 0 : std::min(1.0, std::abs(values[i]) / limit);
    const data::Color color = std::isnan(values[i]) ? data::Color{} : faded(values[i] < 0 ? least : most, share);
    const auto at = static_cast<std::int64_t>(i);
    data::fill_rectangle(picture, at % plane.size(1), at / plane.size(1), 1, 1, color);
  }
  return picture;
}

}  // namespace tapestry::viz
