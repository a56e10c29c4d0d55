// Which pixels a convolution reads: cuts its grid of output pixels into blocks and makes every window of a block
// reachable as one pointer per pixel plus offsets common to all pixels, so that the products need not know of padding.
#pragma once

#include <array>
#include <cstdint>

#include <tapestry/kernels/elementwise/epilogue.hpp>

namespace tapestry::kernels {

/// a / b, rounded up. Neither is negative.
constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// One axis of a sliding window: position i of the grid reads, at tap t, the source at first + i·stride + t·dilation,
/// which counts as zero outside [0, source_size).
struct WindowAxis {
  std::int64_t count;
  std::int64_t source_size;
  std::int64_t first;
  std::int64_t stride;
  std::int64_t taps;
  std::int64_t dilation;
};

/// A window sliding over `batch` images x[n][h][w][channels], of which it sees `group_channels` neighboring channels.
struct Window {
  std::int64_t batch;
  WindowAxis rows, columns;
  std::int64_t channels, group_channels;
};

/// The elements that a pixel's window reads, relative to the pixel's pointer: `rows` × `columns` runs of `length`
/// consecutive elements, in the order tap row, tap column, channel.
struct Runs {
  std::int64_t rows, columns, length;
  std::int64_t row_step, column_step;
};

/// No block has more pixels than this.
inline constexpr std::int64_t max_block_pixels = 240;

/// Tile heights of the products divide this, so lists of pixels are filled up to a multiple of it.
inline constexpr std::int64_t pixel_granule = 24;

/// A block's window pointers; filled up to a multiple of `pixel_granule` with copies of the last one.
template <class T>
using PixelPointers = std::array<T*, static_cast<std::size_t>(max_block_pixels)>;

/// How a window is gathered. Depends on the window alone.
class GatherPlan {
 public:
  explicit GatherPlan(const Window& window);

  /// Blocks are ranges of consecutive pixels, counted in the order image, row, column.
  std::int64_t blocks() const { return blocks_; }
  std::int64_t begin(std::int64_t block) const;
  std::int64_t end(std::int64_t block) const;

  /// Whether the pixels are read in place and lie side by side, one block's after another's.
  bool is_dense() const;

  const Runs& runs() const { return runs_; }
  std::int64_t depth() const { return runs_.rows * runs_.columns * runs_.length; }

  /// Elements of scratch memory that `gather` needs.
  std::int64_t scratch_size() const { return scratch_size_; }

  /// Sets `pixels` to the block's window pointers; they point into `source` (at the group's first channel) or
  /// `scratch`.
  template <class T>
  void gather(std::int64_t block, const T* source, T* scratch, PixelPointers<const T>& pixels) const;

  /// Elements of scratch memory that `gather_through` needs.
  std::int64_t through_size() const;

  /// The same of pixels to which an epilogue without addend is applied; only where they are dense.
  template <class T>
  void gather_through(std::int64_t block, const T* source, const Epilogue<T>& epilogue, T* scratch,
                      PixelPointers<const T>& pixels) const;

 private:
  /// Windows that never leave the image are read in place. Others are copied, with the zeros around them, either as
  /// the region of the image that the block covers or, where that is larger, window by window.
  enum class Layout { in_place, region, patches };

  void cut_into_blocks();
  void choose_layout();
  template <class T>
  void point_in_place(std::int64_t block, const T* source, PixelPointers<const T>& pixels) const;
  template <class T>
  void copy_region(std::int64_t block, const T* source, T* scratch, PixelPointers<const T>& pixels) const;
  template <class T>
  void copy_patches(std::int64_t block, const T* source, T* scratch, PixelPointers<const T>& pixels) const;

  Window window_;
  std::int64_t grid_rows_;
  std::int64_t block_rows_;
  std::int64_t block_columns_;
  std::int64_t blocks_per_row_;
  std::int64_t blocks_;
  std::int64_t region_columns_;
  Layout layout_;
  Runs runs_;
  std::int64_t scratch_size_;
};

/// Fills a list of `count` pointers up to a multiple of `pixel_granule` with copies of the last one: a tile's surplus
/// rows then repeat a pixel and write the same numbers to the same place.
template <class Pointers>
void fill_up(Pointers& pixels, std::int64_t count) {
  for (std::int64_t i = count; i % pixel_granule != 0; ++i) {
    pixels[static_cast<std::size_t>(i)] = pixels[static_cast<std::size_t>(count - 1)];
  }
}

}  // namespace tapestry::kernels
