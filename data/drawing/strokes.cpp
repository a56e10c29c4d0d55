#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/data/drawing/strokes.hpp>

namespace tapestry::data {
namespace {

void check(const char* operation, const Array& image, const char* name, float size) {
  if (image.rank() != 3) {
    throw ShapeError(fmt::format("{}: expected (C, H, W), got {}", operation, to_string(image.shape())));
  }
  if (image.dtype() != DType::u8) {
    throw DTypeError(fmt::format("{}: expected u8, got {}", operation, to_string(image)));
  }
  if (!(size > 0)) throw ValueError(fmt::format("{}: {} must be positive, got {}", operation, name, size));
}

/// `place` rounded down and clamped to [0, size].
std::int64_t limited(float place, std::int64_t size) {
  return place > 0 ? static_cast<std::int64_t>(std::min(place, static_cast<float>(size))) : 0;
}

/// Colors the pixels within `radius` of the line between two points. The covered fraction of a pixel is approximated
/// from the distance of its center to the edge.
void stroke(Array& image, Point from, Point to, float radius, Color color) {
  const Point along = {to.x - from.x, to.y - from.y};
  const float square = along.x * along.x + along.y * along.y;
  const auto distance = [&](float x, float y) {
    const Point offset = {x - from.x, y - from.y};
    const float share = square > 0 ? std::clamp((offset.x * along.x + offset.y * along.y) / square, 0.0F, 1.0F) : 0.0F;
    return std::hypot(offset.x - share * along.x, offset.y - share * along.y);
  };
  const std::int64_t bottom = limited(std::max(from.y, to.y) + radius + 2, image.size(1));
  const std::int64_t right = limited(std::max(from.x, to.x) + radius + 2, image.size(2));
  const std::array<std::uint8_t, 3> parts = {color.red, color.green, color.blue};
  const auto stride = image.strides();
  auto* pixels = image.mutable_data<std::uint8_t>();
  for (std::int64_t row = limited(std::min(from.y, to.y) - radius - 1, bottom); row < bottom; ++row) {
    for (std::int64_t column = limited(std::min(from.x, to.x) - radius - 1, right); column < right; ++column) {
      const float edge = distance(static_cast<float>(column) + 0.5F, static_cast<float>(row) + 0.5F) - radius;
      const float cover = std::clamp(0.5F - edge, 0.0F, 1.0F);
      for (std::int64_t channel = 0; channel < image.size(0); ++channel) {
        std::uint8_t& pixel = pixels[channel * stride[0] + row * stride[1] + column * stride[2]];
        const auto old = static_cast<float>(pixel);
        const auto part = static_cast<float>(parts[static_cast<std::size_t>(channel % 3)]);
        pixel = static_cast<std::uint8_t>(std::lround(old + cover * (part - old)));
      }
    }
  }
}

}  // namespace

void draw_line(Array& image, Point from, Point to, float width, Color color) {
  check("draw_line", image, "width", width);
  stroke(image, from, to, width / 2, color);
}

void fill_disc(Array& image, Point center, float radius, Color color) {
  check("fill_disc", image, "radius", radius);
  stroke(image, center, center, radius, color);
}

}  // namespace tapestry::data
