// Many small pictures in one: predictions, first-layer filters.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tapestry/core/array.hpp>
#include <tapestry/data/drawing/draw.hpp>

namespace tapestry::viz {

/// The text below one image of a grid.
struct Caption {
  std::string text;
  data::Colour colour;
};

/// How `image_grid` lays out images.
struct ImageGridOptions {
  std::int64_t columns = 8;
  std::int64_t enlarge = 4;   ///< every pixel becomes a square of this side
  std::int64_t padding = 12;  ///< pixels between neighbours and at the edge
  /// One for each image, or none. A caption that is wider than its image goes on in the next line; a cell is
  /// as wide as its longest word needs.
  std::vector<Caption> captions = {};
  std::int64_t caption_scale = 2;  ///< the size of the letters, see `data::draw_text`
};

/// Puts images, u8 (3 or 1, H, W) of any sizes, row by row on a white picture, each in the middle of its
/// cell: u8 (3, height, width). Throws a ValueError when there is no image, the number of captions is another
/// or an option is out of its range, and a ShapeError or DTypeError for other arrays.
Array image_grid(const std::vector<Array>& images, const ImageGridOptions& options = {});

/// How `filters_grid` shows filters.
struct FiltersGridOptions {
  std::int64_t columns = 8;
  std::int64_t enlarge = 10;
  std::int64_t padding = 6;
  /// True: the lowest weight of all filters is black and the highest white, so that filters can be compared;
  /// false: those of each filter.
  bool common_range = false;
};

/// The filters of a first convolution, f32 or f64 (K, 3 or 1, kh, kw), as colours: u8 (3, height, width). A
/// filter of equal weights is grey. Throws a ShapeError, DTypeError or ValueError as `image_grid` does.
Array filters_grid(const Array& weight, const FiltersGridOptions& options = {});

/// Turns a network's input back into a picture: u8 of round(255 · (image · std + mean)), limited to 0 … 255,
/// for an f32 image (C, H, W) with one mean and standard deviation per channel. Throws a ShapeError or
/// DTypeError for other arrays.
Array to_picture(const Array& image, const std::vector<double>& mean, const std::vector<double>& standard_deviation);

}  // namespace tapestry::viz
