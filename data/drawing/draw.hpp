// Pictures put together for reports: rectangles, text, images on a canvas. All take u8 (C, H, W) in any
// memory format; what falls outside an image is left out. (x, y) is a top left corner, in pixels from the top
// left.
#pragma once

#include <cstdint>
#include <string_view>

#include <tapestry/core/array.hpp>

namespace tapestry::data {

/// A colour of 8 bits per channel. Grey images take the red part.
struct Colour {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
};

/// Fills a rectangle.
void fill_rectangle(Array& image, std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height,
                    Colour colour);

/// Draws text in a font whose capitals are 7 pixels high and whose lines are 12 pixels apart, times `scale`.
/// '\n' begins a new line; what is not printable ASCII appears as '?'. Throws a ValueError when `scale` is
/// less than 1.
void draw_text(Array& image, std::int64_t x, std::int64_t y, std::string_view text, Colour colour,
               std::int64_t scale = 1);

/// The width in pixels of the longest line that `draw_text` draws.
std::int64_t text_width(std::string_view text, std::int64_t scale = 1);

/// Copies `image` onto `canvas`; a grey image goes onto all channels. Throws a ShapeError when the channels
/// do not fit.
void paste(Array& canvas, const Array& image, std::int64_t x, std::int64_t y);

/// Every pixel as a square of `factor` × `factor`: (C, H, W) → (C, factor H, factor W) in channels_last.
/// Throws a ValueError when `factor` is less than 1.
Array enlarge(const Array& image, std::int64_t factor);

}  // namespace tapestry::data
