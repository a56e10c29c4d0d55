// Weights to and from the panels of conv2d_products.hpp.
#pragma once

#include <algorithm>
#include <cstdint>

#include <tapestry/kernels/conv2d_products.hpp>
#include <tapestry/kernels/conv2d_windows.hpp>

namespace tapestry::kernels {

/// A group's weights as a matrix whose rows are (tap row, tap column, channel), as in `Runs`: the weight of a channel
/// in a column lies channel · channel_stride + column · column_stride from the first, plus the position in the kernel.
struct WeightMatrix {
  AxisPass rows, columns;
  std::int64_t kernel_width;
  std::int64_t channels, channel_stride;
  std::int64_t column_stride;

  std::int64_t taps() const { return rows.window.taps * columns.window.taps; }
};

/// Calls `visit(offset in the panel, offset of the weight)` for the channels [begin, end) of all taps in the columns
/// [first, first + count) of a panel `width` wide. Goes along the weights, which are the farther apart.
template <class Visit>
void visit_weights(const WeightMatrix& matrix, std::int64_t first, std::int64_t count, std::int64_t width,
                   std::int64_t begin, std::int64_t end, const Visit& visit) {
  const AxisPass& rows = matrix.rows;
  const AxisPass& columns = matrix.columns;
  for (std::int64_t j = 0; j < count; ++j) {
    for (std::int64_t c = begin; c < end; ++c) {
      const std::int64_t weight = (first + j) * matrix.column_stride + c * matrix.channel_stride;
      std::int64_t packed = c * width + j;
      for (std::int64_t s = 0; s < rows.window.taps; ++s) {
        const std::int64_t row = weight + (rows.kernel_first + s * rows.kernel_step) * matrix.kernel_width;
        for (std::int64_t t = 0; t < columns.window.taps; ++t) {
          visit(packed, row + columns.kernel_first + t * columns.kernel_step);
          packed += matrix.channels * width;
        }
      }
    }
  }
}

/// Channels that are packed together, so that what they touch stays in the first-level cache.
inline constexpr std::int64_t pack_channels = 16;

/// Copies a panel's columns of the group's weights to where it belongs in `packed`.
template <class T>
void pack_panel(const WeightMatrix& matrix, const Panels& panels, std::int64_t panel, const T* weight, T* packed) {
  const std::int64_t first = panels.begin(panel);
  const std::int64_t width = panels.width(panel);
  const std::int64_t count = std::min(width, panels.channels - first);
  T* const out = packed + panels.offset(panel);
  if (count < width) std::fill_n(out, panels.depth * width, T{0});
  for (std::int64_t begin = 0; begin < matrix.channels; begin += pack_channels) {
    const std::int64_t end = std::min(begin + pack_channels, matrix.channels);
    visit_weights(matrix, first, count, width, begin, end,
                  [&](std::int64_t to, std::int64_t from) { out[to] = weight[from]; });
  }
}

}  // namespace tapestry::kernels
