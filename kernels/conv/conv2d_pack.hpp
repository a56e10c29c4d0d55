// Packs weights into the panels of conv2d_products.hpp, and unpacks them.
#pragma once

#include <algorithm>
#include <cstdint>

#include <tapestry/kernels/conv/conv2d_products.hpp>
#include <tapestry/kernels/conv/conv2d_windows.hpp>

namespace tapestry::kernels {

/// The weights of a group as a matrix with rows (tap row, tap column, channel), as in `Runs`, and one column per
/// output: the weight of a channel and a column is at channel · channel_stride + column · column_stride plus the
/// position in the kernel.
struct WeightMatrix {
  AxisPass rows, columns;
  std::int64_t kernel_width;
  std::int64_t channels, channel_stride;
  std::int64_t column_stride;

  std::int64_t taps() const { return rows.window.taps * columns.window.taps; }
};

/// Calls `visit(offset in the panel, offset of the weight)` for the channels [begin, end) of all taps in the columns
/// [first, first + count) of a panel `width` wide. Visits the weights in memory order, because they are more scattered
/// than the panel.
template <class Visit>
void visit_weights(const WeightMatrix& matrix, std::int64_t first, std::int64_t count, std::int64_t width,
                   std::int64_t begin, std::int64_t end, const Visit& visit) {
  const AxisPass& rows = matrix.rows;
  const AxisPass& columns = matrix.columns;
  const auto visit_line = [&](std::int64_t packed, std::int64_t packed_stride, std::int64_t weight,
                              std::int64_t weight_stride, std::int64_t size) {
    for (std::int64_t s = 0; s < rows.window.taps; ++s) {
      const std::int64_t row = weight + (rows.kernel_first + s * rows.kernel_step) * matrix.kernel_width;
      for (std::int64_t t = 0; t < columns.window.taps; ++t) {
        const std::int64_t from = row + columns.kernel_first + t * columns.kernel_step;
        for (std::int64_t i = 0; i < size; ++i) visit(packed + i * packed_stride, from + i * weight_stride);
        packed += matrix.channels * width;
      }
    }
  };
  if (matrix.column_stride < matrix.channel_stride) {
    for (std::int64_t c = begin; c < end; ++c) {
      visit_line(c * width, 1, first * matrix.column_stride + c * matrix.channel_stride, matrix.column_stride, count);
    }
  } else {
    for (std::int64_t j = 0; j < count; ++j) {
      visit_line(begin * width + j, width, (first + j) * matrix.column_stride + begin * matrix.channel_stride,
                 matrix.channel_stride, end - begin);
    }
  }
}

/// The number of channels that are packed together, so that their memory stays in the L1 cache.
inline constexpr std::int64_t pack_channels = 16;

/// Copies the columns of a panel from the weights of a group to the panel's location in `packed`.
template <class T>
void pack_panel(const WeightMatrix& matrix, const Panels& panels, std::int64_t panel, const T* weight, T* packed) {
  const std::int64_t first = panels.begin(panel);
  const std::int64_t width = panels.width(panel);
  const std::int64_t count = std::min(width, panels.channels - first);
  T* const out = packed + panels.offset(panel);
  if (count < width) std::fill_n(out, panels.depth * width, T{0});
  // At least as many weights of a column together as for a 3×3 kernel: prefetching does not keep up with shorter runs.
  const std::int64_t channels = std::max(pack_channels, 9 * pack_channels / std::max<std::int64_t>(matrix.taps(), 1));
  for (std::int64_t begin = 0; begin < matrix.channels; begin += channels) {
    const std::int64_t end = std::min(begin + channels, matrix.channels);
    visit_weights(matrix, first, count, width, begin, end,
                  [&](std::int64_t to, std::int64_t from) { out[to] = weight[from]; });
  }
}

}  // namespace tapestry::kernels
