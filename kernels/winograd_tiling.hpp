// How the results of a Winograd convolution are cut into tiles, and which pixels belong to each.
#pragma once

#include <cstdint>

#include <hwy/cache_control.h>

#include <tapestry/kernels/conv2d_workspace.hpp>
#include <tapestry/kernels/winograd_tiles.hpp>

namespace tapestry::kernels::winograd {

/// Images of `channels`, channels-last.
struct Images {
  std::int64_t height, width, channels;
};

/// Results of height × width each made of the 3×3 pixels that begin `pad_top` rows above and `pad_left` columns before.
struct Tiling {
  std::int64_t batch;
  Images source, target;
  std::int64_t pad_top, pad_left;

  std::int64_t rows() const { return (target.height + tile - 1) / tile; }
  std::int64_t columns() const { return (target.width + tile - 1) / tile; }
  std::int64_t tiles() const { return batch * rows() * columns(); }
};

/// A plane of `size` elements, and from it to the next. Planes a power of two apart, of which a transform writes one
/// line each, would take turns in the same sets of the caches.
constexpr std::int64_t padded_plane(std::int64_t size) {
  return whole_lines<float>(size) + 16;
}

/// The first image, row and column of a tile's results.
struct TilePlace {
  std::int64_t image, row, column;
};

inline TilePlace place_of(const Tiling& tiling, std::int64_t index) {
  const std::int64_t columns = tiling.columns();
  const std::int64_t rows = tiling.rows();
  return {index / (rows * columns), index / columns % rows * tile, index % columns * tile};
}

/// Pointers to `side` × `side` pixels of an image from (row, column) on; those outside are `outside`.
template <int side, class T>
void point_at_pixels(const Images& images, std::int64_t image, std::int64_t row, std::int64_t column, T* data,
                     T* outside, T* (&pixels)[side * side]) {
  T* const first = data + image * images.height * images.width * images.channels;
  const bool is_inside = row >= 0 && column >= 0 && row + side <= images.height && column + side <= images.width;
  for (int i = 0; i < side; ++i) {
    for (int j = 0; j < side; ++j) {
      const bool counts =
          is_inside || (row + i >= 0 && row + i < images.height && column + j >= 0 && column + j < images.width);
      pixels[i * side + j] = counts ? first + ((row + i) * images.width + column + j) * images.channels : outside;
    }
  }
}

/// Asks for those of a tile's pixels that the tile to its left does not see. The rows of a tile are too far apart, and
/// the piece of each too short, for the machine to notice by itself what comes next.
template <int side>
void prefetch_pixels(std::int64_t channels, const float* const (&pixels)[side * side]) {
  constexpr std::int64_t line = 16;
  for (int i = 0; i < side; ++i) {
    for (int j = side - tile; j < side; ++j) {
      for (std::int64_t c = 0; c < channels; c += line) hwy::Prefetch(pixels[i * side + j] + c);
    }
  }
}

/// Calls `body(i, pixels)` for the tiles begin + i of [begin, end) with pointers to the `side` × `side` pixels from
/// (row − before.row, column − before.column) of each, while those of the next are on their way.
template <int side, class Body>
void for_each_tile(const Tiling& tiling, const Images& images, std::int64_t rows_before, std::int64_t columns_before,
                   std::int64_t begin, std::int64_t end, const float* data, const float* outside, const Body& body) {
  const float* pixels[2][side * side];
  const auto point = [&](std::int64_t index, const float*(&to)[side * side]) {
    const TilePlace place = place_of(tiling, index);
    point_at_pixels<side, const float>(images, place.image, place.row - rows_before, place.column - columns_before,
                                       data, outside, to);
  };
  if (begin < end) point(begin, pixels[0]);
  for (std::int64_t i = 0; i < end - begin; ++i) {
    auto& next = pixels[(i + 1) % 2];
    if (begin + i + 1 < end) {
      point(begin + i + 1, next);
      prefetch_pixels<side>(images.channels, next);
    }
    body(i, pixels[i % 2]);
  }
}

}  // namespace tapestry::kernels::winograd
