// Gathers the pixels that a convolution reads: divides its grid of output pixels into blocks and describes the windows
// of a block by one pointer per pixel plus offsets common to all pixels, so that the products need not handle padding.
#pragma once

#include <array>
#include <cstdint>

#include <tapestry/kernels/elementwise/epilogue.hpp>

namespace tapestry::kernels {

/// a / b, rounded up, for a ≥ 0 and b > 0.
constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// One axis of a sliding window: tap t of grid position i reads source position first + i·stride + t·dilation, which
/// counts as zero outside [0, source_size).
struct WindowAxis {
  std::int64_t count;
  std::int64_t source_size;
  std::int64_t first;
  std::int64_t stride;
  std::int64_t taps;
  std::int64_t dilation;
};

/// A window sliding over `batch` images x[n][h][w][channels], which reads `group_channels` adjacent channels.
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

/// The maximum number of pixels of a block.
inline constexpr std::int64_t max_block_pixels = 240;

/// A multiple of all tile heights of the products; lists of pixels are padded to a multiple of it.
inline constexpr std::int64_t pixel_granule = 24;

/// The window pointers of a block, padded to a multiple of `pixel_granule` with copies of the last one.
template <class T>
using PixelPointers = std::array<T*, static_cast<std::size_t>(max_block_pixels)>;

/// How a window is gathered; a function of the window alone.
class GatherPlan {
 public:
  explicit GatherPlan(const Window& window);

  /// Blocks are ranges of consecutive pixels, counted in the order image, row, column.
  std::int64_t blocks() const { return blocks_; }
  std::int64_t begin(std::int64_t block) const;
  std::int64_t end(std::int64_t block) const;

  /// True when the pixels are read in place and are contiguous, within blocks and from one block to the next.
  bool is_dense() const;

  const Runs& runs() const { return runs_; }
  std::int64_t depth() const { return runs_.rows * runs_.columns * runs_.length; }

  /// Elements of scratch memory that `gather` needs.
  std::int64_t scratch_size() const { return scratch_size_; }

  /// Sets `pixels` to the window pointers of a block, which point into `source` (which begins at the group's first
  /// channel) or `scratch`.
  template <class T>
  void gather(std::int64_t block, const T* source, T* scratch, PixelPointers<const T>& pixels) const;

  /// Elements of scratch memory that `gather_with_prologue` needs.
  std::int64_t prologue_scratch_size() const;

  /// `gather` with an epilogue without addend applied to the pixels; requires `is_dense`.
  template <class T>
  void gather_with_prologue(std::int64_t block, const T* source, const Epilogue<T>& epilogue, T* scratch,
                            PixelPointers<const T>& pixels) const;

 private:
  /// Windows that never leave the image are read in place. Others are copied together with the surrounding zeros,
  /// either as the region of the image that the block covers or, if that is larger, window by window (im2col).
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

/// Pads a list of `count` pointers to a multiple of `pixel_granule` with copies of the last one: the surplus rows of a
/// tile then repeat a pixel and write the same values to the same location.
template <class Pointers>
void fill_up(Pointers& pixels, std::int64_t count) {
  for (std::int64_t i = count; i % pixel_granule != 0; ++i) {
    pixels[static_cast<std::size_t>(i)] = pixels[static_cast<std::size_t>(count - 1)];
  }
}

}  // namespace tapestry::kernels
