// How the results of a Winograd convolution are cut into tiles, and which pixels belong to each.
#pragma once

#include <algorithm>
#include <cstdint>

#include <hwy/cache_control.h>

#include <tapestry/kernels/conv2d_workspace.hpp>
#include <tapestry/kernels/winograd_tiles.hpp>

namespace tapestry::kernels::winograd {

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

/// Pointers to the pixels of a square.
template <class T>
using SquarePixels = T * [max_side * max_side];

/// Points at the pixels of tile `index`; at `outside` for those outside the image.
template <class T>
void point_at_square(const Tiling& tiling, const Squares& squares, std::int64_t index, T* data, T* outside,
                     SquarePixels<T>& pixels) {
  const auto& [height, width, channels] = squares.images;
  const std::int64_t row = index / tiling.columns % tiling.rows * squares.step - squares.top;
  const std::int64_t column = index % tiling.columns * squares.step - squares.left;
  const std::int64_t image = index / (tiling.columns * tiling.rows);
  T** pixel = pixels;
  if (row >= 0 && row + squares.side <= height && column >= 0 && column + squares.side <= width) {
    T* first = data + ((image * height + row) * width + column) * channels;
    for (int i = 0; i < squares.side; ++i, first += width * channels) {
      for (int j = 0; j < squares.side; ++j) *pixel++ = first + j * channels;
    }
    return;
  }
  for (int i = 0; i < squares.side; ++i) {
    for (int j = 0; j < squares.side; ++j) {
      const bool counts = row + i >= 0 && row + i < height && column + j >= 0 && column + j < width;
      *pixel++ = counts ? data + ((image * height + row + i) * width + column + j) * channels : outside;
    }
  }
}

/// Asks for those of a tile's pixels that the tile to its left does not see. The rows of a tile are too far apart, and
/// the piece of each too short, for the machine to notice by itself what comes next. Inlined always: g++ 12 takes a
/// function that only prefetches for one without effect, and drops its calls.
HWY_INLINE void prefetch(const Squares& squares, const SquarePixels<const float>& pixels) {
  constexpr std::int64_t line = 16;
  for (int i = 0; i < squares.side; ++i) {
    for (int j = std::max(squares.side - squares.step, 0); j < squares.side; ++j) {
      for (std::int64_t c = 0; c < squares.images.channels; c += line) {
        hwy::Prefetch(pixels[i * squares.side + j] + c);
      }
    }
  }
}

/// Transforms the squares of the tiles [begin, end), one `pitch` elements after the other, while the pixels of the next
/// are on their way.
inline void scatter_tiles(const Tiling& tiling, const Squares& squares, Scatter* scatter, std::int64_t begin,
                          std::int64_t end, const float* data, const float* zeros, float* target, std::int64_t pitch,
                          std::int64_t plane) {
  SquarePixels<const float> pixels[2];
  if (begin < end) point_at_square(tiling, squares, begin, data, zeros, pixels[begin % 2]);
  for (std::int64_t i = begin; i < end; ++i) {
    if (i + 1 < end) {
      auto& next = pixels[(i + 1) % 2];
      point_at_square(tiling, squares, i + 1, data, zeros, next);
      prefetch(squares, next);
    }
    scatter(pixels[i % 2], squares.images.channels, target + (i - begin) * pitch, plane);
  }
}

}  // namespace tapestry::kernels::winograd
