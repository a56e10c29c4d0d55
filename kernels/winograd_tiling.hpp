// How the results of a Winograd convolution are cut into tiles, and which pixels belong to each.
#pragma once

#include <cstdint>

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

}  // namespace tapestry::kernels::winograd
