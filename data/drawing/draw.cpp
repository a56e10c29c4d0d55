#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <stb/stb_easy_font.h>

#include <tapestry/core/error.hpp>
#include <tapestry/data/drawing/draw.hpp>

namespace tapestry::data {
namespace {

void check_image(const char* operation, const Array& image) {
  if (image.rank() != 3) {
    throw ShapeError(fmt::format("{}: expected (C, H, W), got {}", operation, to_string(image.shape())));
  }
  if (image.dtype() != DType::u8) {
    throw DTypeError(fmt::format("{}: expected u8, got {}", operation, to_string(image)));
  }
}

void check_scale(const char* operation, const char* name, std::int64_t scale) {
  if (scale < 1) throw ValueError(fmt::format("{}: {} must be at least 1, got {}", operation, name, scale));
}

/// `text` with '?' for characters outside the font's table, which it does not check.
std::string printable(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c != '\n' && (c < ' ' || c > '~')) c = '?';
  }
  return result;
}

struct Vertex {
  float x, y, z;
  std::array<std::uint8_t, 4> color;
};
using Quad = std::array<Vertex, 4>;

}  // namespace

void fill_rectangle(Array& image, std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height,
                    Color color) {
  check_image("fill_rectangle", image);
  const auto stride = image.strides();
  const std::array<std::uint8_t, 3> parts = {color.red, color.green, color.blue};
  auto* pixels = image.mutable_data<std::uint8_t>();
  const std::int64_t bottom = std::min(y + height, image.size(1));
  const std::int64_t right = std::min(x + width, image.size(2));
  for (std::int64_t channel = 0; channel < image.size(0); ++channel) {
    const std::uint8_t part = parts[static_cast<std::size_t>(channel % 3)];
    for (std::int64_t row = std::max<std::int64_t>(y, 0); row < bottom; ++row) {
      std::uint8_t* line = pixels + channel * stride[0] + row * stride[1];
      for (std::int64_t column = std::max<std::int64_t>(x, 0); column < right; ++column) {
        line[column * stride[2]] = part;
      }
    }
  }
}

void draw_text(Array& image, std::int64_t x, std::int64_t y, std::string_view text, Color color, std::int64_t scale) {
  check_image("draw_text", image);
  check_scale("draw_text", "scale", scale);
  std::string characters = printable(text);
  // No character has 20 rectangles or more.
  std::vector<Quad> quads(20 * (characters.size() + 1));
  const int count = stb_easy_font_print(0, 0, characters.data(), nullptr, quads.data(),
                                        static_cast<int>(quads.size() * sizeof(Quad)));
  for (const Quad& quad : std::span(quads).first(static_cast<std::size_t>(count))) {
    const auto left = static_cast<std::int64_t>(quad[0].x);
    const auto top = static_cast<std::int64_t>(quad[0].y);
    const auto width = static_cast<std::int64_t>(quad[2].x) - left;
    const auto height = static_cast<std::int64_t>(quad[2].y) - top;
    fill_rectangle(image, x + left * scale, y + top * scale, width * scale, height * scale, color);
  }
}

std::int64_t text_width(std::string_view text, std::int64_t scale) {
  check_scale("text_width", "scale", scale);
  std::string characters = printable(text);
  return scale * stb_easy_font_width(characters.data());
}

void paste(Array& canvas, const Array& image, std::int64_t x, std::int64_t y) {
  check_image("paste", canvas);
  check_image("paste", image);
  if (image.size(0) != canvas.size(0) && image.size(0) != 1) {
    throw ShapeError(fmt::format("paste: expected {} channels or 1 (canvas {}), got image {}", canvas.size(0),
                                 to_string(canvas.shape()), to_string(image.shape())));
  }
  const auto to = canvas.strides();
  const auto from = image.strides();
  auto* out = canvas.mutable_data<std::uint8_t>();
  const auto* in = image.data<std::uint8_t>();
  const std::int64_t bottom = std::min(y + image.size(1), canvas.size(1));
  const std::int64_t right = std::min(x + image.size(2), canvas.size(2));
  for (std::int64_t channel = 0; channel < canvas.size(0); ++channel) {
    const std::int64_t source = image.size(0) == 1 ? 0 : channel * from[0];
    for (std::int64_t row = std::max<std::int64_t>(y, 0); row < bottom; ++row) {
      for (std::int64_t column = std::max<std::int64_t>(x, 0); column < right; ++column) {
        out[channel * to[0] + row * to[1] + column * to[2]] = in[source + (row - y) * from[1] + (column - x) * from[2]];
      }
    }
  }
}

Array enlarge(const Array& image, std::int64_t factor) {
  check_image("enlarge", image);
  check_scale("enlarge", "factor", factor);
  const auto from = image.strides();
  const auto* in = image.data<std::uint8_t>();
  Array result = Array::empty({image.size(0), factor * image.size(1), factor * image.size(2)}, DType::u8,
                              MemoryFormat::channels_last);
  auto* out = result.mutable_data<std::uint8_t>();
  for (std::int64_t row = 0; row < result.size(1); ++row) {
    for (std::int64_t column = 0; column < result.size(2); ++column) {
      for (std::int64_t channel = 0; channel < result.size(0); ++channel) {
        *out++ = in[channel * from[0] + row / factor * from[1] + column / factor * from[2]];
      }
    }
  }
  return result;
}

}  // namespace tapestry::data
