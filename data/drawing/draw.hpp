// Drawing for reports: rectangles, text and images on a canvas. All functions take u8 (C, H, W) in any memory format
// and clip to the image. (x, y) is a top left corner, in pixels from the top left.
#pragma once

#include <cstdint>
#include <string_view>

#include <tapestry/core/array.hpp>

namespace tapestry::data {

/// A color with 8 bits per channel. Gray images use the red component.
struct Color {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
};

/// Fills a rectangle.
void fill_rectangle(Array& image, std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height, Color color);

/// Draws UTF-8 text in a font whose capitals are 7 pixels high and whose lines are 12 pixels apart, times `scale`. The
/// accents of capitals are up to 3 pixels above them. '\n' begins a new line. Latin letters are drawn with their
/// accents and other characters as one box each; control characters and bytes that are not UTF-8 appear as '?'. Throws
/// a ValueError when `scale` is less than 1.
void draw_text(Array& image, std::int64_t x, std::int64_t y, std::string_view text, Color color,
               std::int64_t scale = 1);

/// The width in pixels of the longest line that `draw_text` draws.
std::int64_t text_width(std::string_view text, std::int64_t scale = 1);

/// Copies `image` onto `canvas`; a gray image is copied to all channels. Throws a ShapeError when the channels do not
/// match.
void paste(Array& canvas, const Array& image, std::int64_t x, std::int64_t y);

/// Enlarges every pixel to a square of `factor` × `factor`: (C, H, W) → (C, factor H, factor W) in channels_last.
/// Throws a ValueError when `factor` is less than 1.
Array enlarge(const Array& image, std::int64_t factor);

}  // namespace tapestry::data
