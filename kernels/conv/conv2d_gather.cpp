#include <algorithm>
#include <cstddef>

#include <tapestry/kernels/conv/conv2d_gather.hpp>
#include <tapestry/kernels/runtime/conv2d_workspace.hpp>

namespace tapestry::kernels {
namespace {

/// The number of source positions that the windows of `count` consecutive grid positions span.
std::int64_t covered(const WindowAxis& axis, std::int64_t count) {
  return (count - 1) * axis.stride + (axis.taps - 1) * axis.dilation + 1;
}

bool stays_inside(const WindowAxis& axis) {
  return axis.first >= 0 && axis.first + covered(axis, axis.count) <= axis.source_size;
}

/// Copies `length` pixels of an image row (null: a row of padding) from column `first` on, with zeros for columns
/// outside the image. Returns the end of the output.
template <class T>
T* copy_columns(const T* row, const Window& window, std::int64_t first, std::int64_t length, T* out) {
  const std::int64_t channels = window.group_channels;
  const std::int64_t begin = std::clamp<std::int64_t>(-first, 0, length);
  const std::int64_t end = std::clamp(window.columns.source_size - first, begin, length);
  if (row == nullptr || begin == end) return std::fill_n(out, length * channels, T{0});
  out = std::fill_n(out, begin * channels, T{0});
  if (channels == window.channels) {
    out = std::copy_n(row + (first + begin) * channels, (end - begin) * channels, out);
  } else {
    for (std::int64_t i = begin; i < end; ++i) out = std::copy_n(row + (first + i) * window.channels, channels, out);
  }
  return std::fill_n(out, (length - end) * channels, T{0});
}

/// Row `row` of image `image`; null for rows of the padding.
template <class T>
const T* source_row(const T* source, const Window& window, std::int64_t image, std::int64_t row) {
  if (row < 0 || row >= window.rows.source_size) return nullptr;
  return source + (image * window.rows.source_size + row) * window.columns.source_size * window.channels;
}

}  // namespace

GatherPlan::GatherPlan(const Window& window) : window_(window), grid_rows_(window.batch * window.rows.count) {
  cut_into_blocks();
  choose_layout();
}

// Blocks are whole rows, in the number that fills the tiles best, or parts of a row. Small convolutions have small
// blocks, so that there are enough of them for several threads.
void GatherPlan::cut_into_blocks() {
  const std::int64_t width = window_.columns.count;
  const std::int64_t pixels = grid_rows_ * width;
  const std::int64_t target = std::clamp(pixels / 8, pixel_granule, max_block_pixels);
  if (width > target) {
    const std::int64_t parts = ceil_div(width, target);
    block_rows_ = 1;
    block_columns_ = ceil_div(ceil_div(width, parts), pixel_granule) * pixel_granule;
  } else {
    block_rows_ = 1;
    block_columns_ = std::max<std::int64_t>(width, 1);
    double best = 0;
    for (std::int64_t rows = 1; rows * block_columns_ <= target; ++rows) {
      const std::int64_t size = rows * block_columns_;
      const double use = static_cast<double>(size) / static_cast<double>(ceil_div(size, pixel_granule) * pixel_granule);
      if (use >= best) {
        best = use;
        block_rows_ = rows;
      }
    }
  }
  blocks_per_row_ = ceil_div(width, block_columns_);
  blocks_ = ceil_div(grid_rows_, block_rows_) * blocks_per_row_;
}

std::int64_t GatherPlan::begin(std::int64_t block) const {
  return block / blocks_per_row_ * block_rows_ * window_.columns.count + block % blocks_per_row_ * block_columns_;
}

std::int64_t GatherPlan::end(std::int64_t block) const {
  return block + 1 == blocks_ ? grid_rows_ * window_.columns.count : begin(block + 1);
}

bool GatherPlan::is_dense() const {
  const auto is_whole = [](const WindowAxis& axis) {
    return axis.taps == 1 && axis.stride == 1 && axis.first == 0 && axis.count == axis.source_size;
  };
  return is_whole(window_.rows) && is_whole(window_.columns) && window_.channels == window_.group_channels;
}

std::int64_t GatherPlan::prologue_scratch_size() const {
  return is_dense() ? saturating_product(block_rows_ * block_columns_, window_.channels) : 0;
}

void GatherPlan::choose_layout() {
  const WindowAxis& rows = window_.rows;
  const WindowAxis& columns = window_.columns;
  const std::int64_t channels = window_.group_channels;
  region_columns_ = covered(columns, std::min(block_columns_, columns.count));
  if (blocks_ == 0 || rows.taps * columns.taps * channels == 0) {
    layout_ = Layout::in_place;
    runs_ = {0, 0, 0, 0, 0};
    scratch_size_ = 0;
    return;
  }
  const std::int64_t images = std::min(block_rows_, (block_rows_ + rows.count - 2) / rows.count + 1);
  // Dilation and stride may be as large as int64 allows, so that products of them may overflow.
  const std::int64_t region_rows =
      saturating_sum(saturating_product(images, covered(rows, 1)), saturating_product(block_rows_, rows.stride));
  const std::int64_t region_size = saturating_product(saturating_product(region_rows, region_columns_), channels);
  const std::int64_t patches_size =
      saturating_product(block_rows_ * block_columns_, rows.taps * columns.taps * channels);

  std::int64_t pixel_step = channels;
  std::int64_t row_step = saturating_product(region_columns_, channels);
  if (stays_inside(rows) && stays_inside(columns)) {
    layout_ = Layout::in_place;
    scratch_size_ = 0;
    pixel_step = window_.channels;
    row_step = columns.source_size * window_.channels;
  } else if (region_size <= patches_size) {
    layout_ = Layout::region;
    scratch_size_ = region_size;
  } else {
    layout_ = Layout::patches;
    scratch_size_ = patches_size;
    runs_ = {1, 1, rows.taps * columns.taps * channels, 0, 0};
    return;
  }
  const bool joined = columns.taps == 1 || (columns.dilation == 1 && pixel_step == channels);
  runs_ = {.rows = rows.taps,
           .columns = joined ? 1 : columns.taps,
           .length = joined ? columns.taps * channels : channels,
           .row_step = saturating_product(rows.dilation, row_step),
           .column_step = saturating_product(columns.dilation, pixel_step)};
}

template <class T>
void GatherPlan::gather(std::int64_t block, const T* source, T* scratch, PixelPointers<const T>& pixels) const {
  switch (layout_) {
    case Layout::in_place:
      point_in_place(block, source, pixels);
      break;
    case Layout::region:
      copy_region(block, source, scratch, pixels);
      break;
    case Layout::patches:
      copy_patches(block, source, scratch, pixels);
      break;
  }
  fill_up(pixels, end(block) - begin(block));
}

template <class T>
void GatherPlan::gather_with_prologue(std::int64_t block, const T* source, const Epilogue<T>& epilogue, T* scratch,
                                      PixelPointers<const T>& pixels) const {
  const std::int64_t count = end(block) - begin(block);
  const std::int64_t channels = window_.channels;
  apply_epilogue_rows(count, channels, source + begin(block) * channels, epilogue, scratch);
  for (std::int64_t i = 0; i < count; ++i) pixels[static_cast<std::size_t>(i)] = scratch + i * channels;
  fill_up(pixels, count);
}

template <class T>
void GatherPlan::point_in_place(std::int64_t block, const T* source, PixelPointers<const T>& pixels) const {
  const WindowAxis& rows = window_.rows;
  const WindowAxis& columns = window_.columns;
  std::size_t i = 0;
  for (std::int64_t pixel = begin(block); pixel < end(block);) {
    const std::int64_t row = pixel / columns.count;
    const std::int64_t column = pixel % columns.count;
    const std::int64_t count = std::min(columns.count - column, end(block) - pixel);
    const std::int64_t source_row = row / rows.count * rows.source_size + rows.first + row % rows.count * rows.stride;
    const T* first = source + (source_row * columns.source_size + columns.first) * window_.channels;
    for (std::int64_t c = column; c < column + count; ++c) {
      pixels[i++] = first + c * columns.stride * window_.channels;
    }
    pixel += count;
  }
}

// Copies the rows of each image in the block, one image after another; part of a row counts as one image.
template <class T>
void GatherPlan::copy_region(std::int64_t block, const T* source, T* scratch, PixelPointers<const T>& pixels) const {
  const WindowAxis& rows = window_.rows;
  const WindowAxis& columns = window_.columns;
  const std::int64_t row_size = region_columns_ * window_.group_channels;
  const std::int64_t column = begin(block) % columns.count;
  const std::int64_t width = std::min(columns.count - column, end(block) - begin(block));
  const std::int64_t end_row = ceil_div(end(block), columns.count);
  std::size_t i = 0;
  for (std::int64_t row = begin(block) / columns.count; row < end_row;) {
    const std::int64_t image = row / rows.count;
    const std::int64_t count = std::min((image + 1) * rows.count, end_row) - row;
    const std::int64_t first_row = rows.first + row % rows.count * rows.stride;
    const std::int64_t first_column = columns.first + column * columns.stride;
    T* out = scratch;
    for (std::int64_t r = 0; r < covered(rows, count); ++r) {
      copy_columns(source_row(source, window_, image, first_row + r), window_, first_column, covered(columns, width),
                   out);
      out += row_size;
    }
    for (std::int64_t r = 0; r < count; ++r) {
      for (std::int64_t c = 0; c < width; ++c) {
        pixels[i++] = scratch + r * rows.stride * row_size + c * columns.stride * window_.group_channels;
      }
    }
    scratch = out;
    row += count;
  }
}

template <class T>
void GatherPlan::copy_patches(std::int64_t block, const T* source, T* scratch, PixelPointers<const T>& pixels) const {
  const WindowAxis& rows = window_.rows;
  const WindowAxis& columns = window_.columns;
  std::size_t i = 0;
  for (std::int64_t pixel = begin(block); pixel < end(block); ++pixel) {
    const std::int64_t row = pixel / columns.count;
    const std::int64_t first_row = rows.first + row % rows.count * rows.stride;
    const std::int64_t first_column = columns.first + pixel % columns.count * columns.stride;
    pixels[i++] = scratch;
    for (std::int64_t tap_row = 0; tap_row < rows.taps; ++tap_row) {
      const T* in = source_row(source, window_, row / rows.count, first_row + tap_row * rows.dilation);
      for (std::int64_t tap_column = 0; tap_column < columns.taps; ++tap_column) {
        scratch = copy_columns(in, window_, first_column + tap_column * columns.dilation, 1, scratch);
      }
    }
  }
}

template void GatherPlan::gather(std::int64_t, const float*, float*, PixelPointers<const float>&) const;
template void GatherPlan::gather(std::int64_t, const double*, double*, PixelPointers<const double>&) const;
template void GatherPlan::gather_with_prologue(std::int64_t, const float*, const Epilogue<float>&, float*,
                                               PixelPointers<const float>&) const;
template void GatherPlan::gather_with_prologue(std::int64_t, const double*, const Epilogue<double>&, double*,
                                               PixelPointers<const double>&) const;

}  // namespace tapestry::kernels
