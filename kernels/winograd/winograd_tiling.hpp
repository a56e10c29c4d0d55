// The division of the results of a Winograd convolution into tiles, and the pixels of each tile.
#pragma once

#include <algorithm>
#include <cstdint>

#include <hwy/cache_control.h>

#include <tapestry/kernels/runtime/conv2d_workspace.hpp>

namespace tapestry::kernels::winograd {

/// The maximum number of pixels or factors of a tile along an axis.
inline constexpr int max_side = 9;

/// The numbers in [begin, end).
struct Range {
  std::int64_t begin = 0, end = 0;

  std::int64_t size() const { return end - begin; }
};

/// The size of channels-last images.
struct Images {
  std::int64_t height, width, channels;
};

/// Squares of `side` × `side` pixels, `step` apart, the first of which begins `top` rows above and `left` columns
/// before the images.
struct Squares {
  Images images;
  int side, step;
  std::int64_t top, left;
};

/// Each tile maps a square of the source to a square of the target.
struct Tiling {
  std::int64_t batch, rows, columns;
  Squares source, target;

  std::int64_t tiles() const { return batch * rows * columns; }
};

/// A pixel inside or outside an image.
struct Place {
  std::int64_t image, row, column;
};

/// The first pixel of a tile's square.
inline Place place_of(const Tiling& tiling, const Squares& squares, std::int64_t tile) {
  return {.image = tile / (tiling.columns * tiling.rows),
          .row = tile / tiling.columns % tiling.rows * squares.step - squares.top,
          .column = tile % tiling.columns * squares.step - squares.left};
}

/// The distance between planes of `size` elements. A transform writes one line of each plane; with a power of two
/// between them, the lines would compete for the same sets of the caches.
constexpr std::int64_t padded_plane(std::int64_t size) {
  return whole_lines<float>(size) + 16;
}

/// The distance between the factors of consecutive tiles, which is not a multiple of a large power of two either.
constexpr std::int64_t tile_pitch(std::int64_t channels) {
  const std::int64_t lines = whole_lines<float>(channels);
  return lines % 64 == 0 ? lines + 16 : lines;
}

/// The number of elements in a row of pixels outside the image.
inline std::int64_t outside_size(const Images& images) {
  return max_side * images.channels;
}

/// The elements of the image rows that the tiles overlap.
inline Range rows_of(const Tiling& tiling, const Squares& squares, Range tiles) {
  if (tiles.size() <= 0) return {};
  const auto& [height, width, channels] = squares.images;
  const Place first = place_of(tiling, squares, tiles.begin), last = place_of(tiling, squares, tiles.end - 1);
  const std::int64_t top = std::max<std::int64_t>(first.row, 0);
  const std::int64_t bottom = std::min(last.row + squares.side, height);
  return {.begin = (first.image * height + top) * width * channels,
          .end = (last.image * height + bottom) * width * channels};
}

/// Prefetches one of `parts` parts of a range of elements, so that loads overlap with the products between the calls.
/// Always inlined: g++ 12 considers a function that only prefetches free of effects and drops its calls.
HWY_INLINE void prefetch_part(const float* data, Range elements, int part, int parts) {
  constexpr std::int64_t line = 16;
  const std::int64_t end = elements.begin + elements.size() * (part + 1) / parts;
  for (std::int64_t i = elements.begin + elements.size() * part / parts; i < end; i += line) hwy::Prefetch(data + i);
}

}  // namespace tapestry::kernels::winograd
