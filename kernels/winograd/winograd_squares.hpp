// Iterates over the squares of pixels of consecutive tiles. Everything is inlined into the loops over tiles: with few
// channels, locating a tile's pixels costs almost as much as transforming them.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include <hwy/base.h>
#include <hwy/cache_control.h>

#include <tapestry/kernels/winograd/winograd_tiling.hpp>

namespace tapestry::kernels::winograd {

/// A square of pixels. Whole rows and whole columns of it may lie outside the image; such rows point to memory reserved
/// for them.
template <int side, class T>
struct Square {
  T* rows[side];          ///< where the first column inside the image lies in each row
  std::int64_t step;      ///< elements from a pixel to the next in its row
  int begin;              ///< the first column inside the image
  std::uint32_t columns;  ///< a bit for each column inside the image

  bool is_inside(int column) const { return (columns >> column & 1) != 0; }
  /// True if all columns are inside the image.
  bool is_whole() const { return columns + 1 == 1U << side; }
};

/// Steps from tile to tile; rows outside the image point to `outside`.
template <int side, class T>
class SquareWalk {
 public:
  SquareWalk(const Tiling& tiling, const Squares& squares, std::int64_t tile, T* images, T* outside)
      : SquareWalk(tiling, squares, place_of(tiling, squares, tile), images, outside) {}

  HWY_INLINE Square<side, T> square() const {
    const std::int64_t begin = std::max<std::int64_t>(-column_, 0);
    const std::int64_t end = std::min<std::int64_t>(size_.width - column_, side);
    Square<side, T> square;
    square.step = size_.channels;
    square.begin = static_cast<int>(begin);
    square.columns = begin < end ? (1U << end) - (1U << begin) : 0;
    std::int64_t at = (row_ * size_.width + column_ + begin) * size_.channels;
    HWY_UNROLL(9)
    for (int i = 0; i < side; ++i, at += size_.width * size_.channels) {
      const bool is_inside = row_ + i >= 0 && row_ + i < size_.height && begin < end;
      square.rows[i] = is_inside ? image_ + at : outside_;
    }
    return square;
  }

  HWY_INLINE void advance() {
    column_ += step_;
    if (column_ < right_) return;
    column_ = left_;
    row_ += step_;
    if (row_ < bottom_) return;
    row_ = top_;
    image_ += image_size();
  }

 private:
  SquareWalk(const Tiling& tiling, const Squares& squares, const Place& place, T* images, T* outside)
      : size_(squares.images),
        step_(squares.step),
        top_(-squares.top),
        left_(-squares.left),
        bottom_(top_ + tiling.rows * step_),
        right_(left_ + tiling.columns * step_),
        row_(place.row),
        column_(place.column),
        image_(images + place.image * image_size()),
        outside_(outside) {}

  std::int64_t image_size() const { return size_.height * size_.width * size_.channels; }

  Images size_;
  std::int64_t step_;
  std::int64_t top_, left_, bottom_, right_;  ///< of the first tile of an image, and past its last
  std::int64_t row_, column_;
  T* image_;
  T* outside_;
};

/// Prefetches the pixels of a tile that the tile to its left, `step` pixels away, does not read. The rows of a tile are
/// too far apart and too short for the hardware prefetcher.
template <int side, class T>
HWY_INLINE void prefetch(const Square<side, T>& square, int step) {
  constexpr std::int64_t line = 16;
  const std::int64_t begin = (std::max(side - step, square.begin) - square.begin) * square.step;
  const std::int64_t end = (static_cast<int>(std::bit_width(square.columns)) - square.begin) * square.step;
  for (std::int64_t at = begin; at < end; at += line) {
    HWY_UNROLL(9)
    for (int i = 0; i < side; ++i) hwy::Prefetch(square.rows[i] + at);
  }
}

}  // namespace tapestry::kernels::winograd
