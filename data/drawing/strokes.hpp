// Antialiased lines and discs on images, u8 (C, H, W) in any memory format, clipped to the image. Positions are in
// pixels from the top left corner of the image, so that (0.5, 0.5) is the center of its first pixel.
#pragma once

#include <tapestry/core/array.hpp>
#include <tapestry/data/drawing/draw.hpp>
#include <tapestry/data/drawing/figures.hpp>

namespace tapestry::data {

/// Draws a line with round ends. Throws a ShapeError or DTypeError for another array, and a ValueError when `width` is
/// not positive.
void draw_line(Array& image, Point from, Point to, float width, Color color);

/// Fills a disc. Throws as `draw_line` does, for a `radius`.
void fill_disc(Array& image, Point center, float radius, Color color);

}  // namespace tapestry::data
