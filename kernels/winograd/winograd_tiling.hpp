// How the results of a Winograd convolution are cut into tiles, and which pixels belong to each.
#pragma once

#include <algorithm>
#include <cstdint>

#include <hwy/cache_control.h>

#include <tapestry/kernels/runtime/conv2d_workspace.hpp>

namespace tapestry::kernels::winograd {

/// No tile has more pixels or factors along an axis.
inline constexpr int max_side = 9;

/// Numbers from `begin` on to before `end`.
struct Range {
  std::int64_t begin = 0, end = 0;

  std::int64_t size() const { return end - begin; }
};

/// Images of `channels`, channels-last.
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

/// Tiles, each of which makes a square of the target from a square of the source.
struct Tiling {
  std::int64_t batch, rows, columns;
  Squares source, target;

  std::int64_t tiles() const { return batch * rows * columns; }
};

/// A pixel of an image, or beside it.
struct Place {
  std::int64_t image, row, column;
};

/// Where a tile's square begins.
inline Place place_of(const Tiling& tiling, const Squares& squares, std::int64_t tile) {
  return {.image = tile / (tiling.columns * tiling.rows),
          .row = tile / tiling.columns % tiling.rows * squares.step - squares.top,
          .column = tile % tiling.columns * squares.step - squares.left};
}

/// A plane of `size` elements, and from it to the next. Planes a power of two apart, of which a transform writes one
/// line each, would take turns in the same sets of the caches.
constexpr std::int64_t padded_plane(std::int64_t size) {
  return whole_lines<float>(size) + 16;
}

/// Elements from a tile's factors to the next tile's; not a multiple of a power of two either.
constexpr std::int64_t tile_pitch(std::int64_t channels) {
  const std::int64_t lines = whole_lines<float>(channels);
  return lines % 64 == 0 ? lines + 16 : lines;
}

/// Elements of memory that stands for a row of pixels outside the image.
inline std::int64_t outside_size(const Images& images) {
  return max_side * images.channels;
}

/// The elements of the images from the first row that one of the tiles has a part of to the last.
inline Range rows_of(const Tiling& tiling, const Squares& squares, Range tiles) {
  if (tiles.size() <= 0) return {};
  const auto& [height, width, channels] = squares.images;
  const Place first = place_of(tiling, squares, tiles.begin), last = place_of(tiling, squares, tiles.end - 1);
  const std::int64_t top = std::max<std::int64_t>(first.row, 0);
  const std::int64_t bottom = std::min(last.row + squares.side, height);
  return {.begin = (first.image * height + top) * width * channels,
          .end = (last.image * height + bottom) * width * channels};
}

/// Asks for one of `parts` parts of a range of elements: memory answers while the products between the calls keep the
/// processor busy. Inlined always: g++ 12 takes a function that only prefetches for one without effect, and drops its
/// calls.
HWY_INLINE void prefetch_part(const float* data, Range elements, int part, int parts) {
  constexpr std::int64_t line = 16;
  const std::int64_t end = elements.begin + elements.size() * (part + 1) / parts;
  for (std::int64_t i = elements.begin + elements.size() * part / parts; i < end; i += line) hwy::Prefetch(data + i);
}

}  // namespace tapestry::kernels::winograd
