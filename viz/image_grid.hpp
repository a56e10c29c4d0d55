// Grids of small images, such as predictions or first-layer filters.
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
  data::Color color;
};

/// How `image_grid` lays out images.
struct ImageGridOptions {
  std::int64_t columns = 8;
  std::int64_t enlarge = 4;   ///< every pixel becomes a square of this side
  std::int64_t padding = 12;  ///< pixels between neighbors and at the edge
  /// One for each image, or empty. Captions wider than their image wrap; a cell is at least as wide as its longest
  /// word.
  std::vector<Caption> captions = {};
  std::int64_t caption_scale = 2;  ///< the size of the letters, see `data::draw_text`
};

/// Arranges images, u8 (3 or 1, H, W) of any sizes, row by row on white, each centered in its cell: u8 (3, height,
/// width). Throws a ValueError when there is no image, the number of captions does not match or an option is out of
/// range, and a ShapeError or DTypeError for other arrays.
Array image_grid(const std::vector<Array>& images, const ImageGridOptions& options = {});

/// How `filters_grid` shows filters.
struct FiltersGridOptions {
  std::int64_t columns = 8;
  std::int64_t enlarge = 10;
  std::int64_t padding = 6;
  /// True: black is the lowest and white the highest weight of all filters, so that filters can be compared; false: of
  /// each filter.
  bool common_range = false;
};

/// The filters of a first convolution, f32 or f64 (K, 3 or 1, kh, kw), as colors: u8 (3, height, width). A constant
/// filter is gray. Throws a ShapeError, DTypeError or ValueError as `image_grid` does.
Array filters_grid(const Array& weight, const FiltersGridOptions& options = {});

/// Converts a network's input back to an image: u8 of round(255 · (image · std + mean)), limited to 0 … 255, for an f32
/// image (C, H, W) with one mean and standard deviation per channel. Throws a ShapeError or DTypeError for other
/// arrays.
Array to_picture(const Array& image, const std::vector<double>& mean, const std::vector<double>& standard_deviation);

}  // namespace tapestry::viz
