// How the results of a Winograd convolution are cut into tiles, and which pixels belong to each.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include <hwy/cache_control.h>

#include <tapestry/kernels/conv2d_workspace.hpp>
#include <tapestry/kernels/winograd_tiles.hpp>

namespace tapestry::kernels::winograd {

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

/// The pixels of tile `index`, in rows of `outside` those outside the image.
template <class T>
Square<T> square_of(const Tiling& tiling, const Squares& squares, std::int64_t index, T* data, T* outside) {
  const auto& [height, width, channels] = squares.images;
  const std::int64_t row = index / tiling.columns % tiling.rows * squares.step - squares.top;
  const std::int64_t column = index % tiling.columns * squares.step - squares.left;
  const std::int64_t image = index / (tiling.columns * tiling.rows);
  const std::int64_t begin = std::max<std::int64_t>(-column, 0);
  const std::int64_t end = std::min<std::int64_t>(width - column, squares.side);
  Square<T> square = {.rows = {},
                      .step = channels,
                      .begin = static_cast<int>(begin),
                      .columns = begin < end ? (1U << end) - (1U << begin) : 0};
  for (int i = 0; i < squares.side; ++i) {
    const bool is_inside = row + i >= 0 && row + i < height && begin < end;
    square.rows[i] = is_inside ? data + ((image * height + row + i) * width + column + begin) * channels : outside;
  }
  return square;
}

/// Asks for those of a tile's pixels that the tile to its left does not see. The rows of a tile are too far apart, and
/// the piece of each too short, for the machine to notice by itself what comes next. Inlined always: g++ 12 takes a
/// function that only prefetches for one without effect, and drops its calls.
HWY_INLINE void prefetch(const Squares& squares, const Square<const float>& pixels) {
  constexpr std::int64_t line = 16;
  const std::int64_t begin = (std::max(squares.side - squares.step, pixels.begin) - pixels.begin) * pixels.step;
  const std::int64_t end = (static_cast<int>(std::bit_width(pixels.columns)) - pixels.begin) * pixels.step;
  for (int i = 0; i < squares.side; ++i) {
    for (std::int64_t at = begin; at < end; at += line) hwy::Prefetch(pixels.rows[i] + at);
  }
}

/// The elements of the images from the first row that one of the tiles has a part of to the last.
inline Range rows_of(const Tiling& tiling, const Squares& squares, Range tiles) {
  if (tiles.size() <= 0) return {};
  const auto& [height, width, channels] = squares.images;
  const std::int64_t first = tiles.begin / tiling.columns, last = (tiles.end - 1) / tiling.columns;
  const std::int64_t top = std::max<std::int64_t>(first % tiling.rows * squares.step - squares.top, 0);
  const std::int64_t bottom = std::min(last % tiling.rows * squares.step - squares.top + squares.side, height);
  return {.begin = (first / tiling.rows * height + top) * width * channels,
          .end = (last / tiling.rows * height + bottom) * width * channels};
}

/// Asks for one of `parts` parts of a range of elements: memory answers while the products between the calls keep the
/// processor busy.
HWY_INLINE void prefetch_part(const float* data, Range elements, int part, int parts) {
  constexpr std::int64_t line = 16;
  const std::int64_t end = elements.begin + elements.size() * (part + 1) / parts;
  for (std::int64_t i = elements.begin + elements.size() * part / parts; i < end; i += line) hwy::Prefetch(data + i);
}

/// Transforms the squares of the tiles [begin, end), one `pitch` elements after the other, while the pixels of the next
/// are on their way.
inline void scatter_tiles(const Tiling& tiling, const Squares& squares, Scatter* scatter, std::int64_t begin,
                          std::int64_t end, const float* data, const float* zeros, float* target, std::int64_t pitch,
                          std::int64_t plane) {
  if (begin == end) return;
  Square<const float> next = square_of(tiling, squares, begin, data, zeros);
  for (std::int64_t i = begin; i < end; ++i) {
    const Square<const float> pixels = next;
    if (i + 1 < end) {
      next = square_of(tiling, squares, i + 1, data, zeros);
      prefetch(squares, next);
    }
    scatter(pixels, squares.images.channels, target + (i - begin) * pitch, plane);
  }
}

}  // namespace tapestry::kernels::winograd
