// What the passes of depthwise convolution share: their taps, and rows of the image spread to the output channels.
#pragma once

#include <algorithm>
#include <cstdint>

#include <tapestry/kernels/conv2d_depthwise_rows.hpp>
#include <tapestry/kernels/conv2d_windows.hpp>

namespace tapestry::kernels::depthwise {

/// Output channels that read one input channel.
inline std::int64_t multiplier(const Conv2dGeometry& g) {
  return g.out_channels / g.in_channels;
}

inline std::int64_t kernel_area(const Conv2dGeometry& g) {
  return g.kernel_height * g.kernel_width;
}

/// Copies a row of the image so that every channel stands `times` times.
template <class T>
void spread(const T* row, std::int64_t elements, std::int64_t times, T* out) {
  for (std::int64_t i = 0; i < elements; ++i) out = std::fill_n(out, times, row[i]);
}

/// The image rows that a row of taps reads, spread to the output channels where there are more of these.
template <class T>
struct SourceRows {
  const T* first;
  std::int64_t step;
};

template <class T>
SourceRows<T> image_rows(const Conv2dGeometry& g, const T* image, const AxisTaps& rows, std::int64_t row_step,
                         T* scratch) {
  const std::int64_t row_size = g.in_width * g.in_channels;
  const T* const first = image + rows.source * row_size;
  if (multiplier(g) == 1) return {first, row_step * row_size};
  const std::int64_t spread_size = g.in_width * g.out_channels;
  for (std::int64_t r = 0; r < rows.count; ++r) {
    spread(first + r * row_step * row_size, row_size, multiplier(g), scratch + r * spread_size);
  }
  return {scratch, spread_size};
}

/// Elements from the last row that taps read to the one below it, or 0 when there is none: of an image of `height` rows
/// of `row_size` elements.
inline std::int64_t next_row(const AxisTaps& rows, std::int64_t tap_step, std::int64_t height, std::int64_t row_size) {
  return rows.source + (rows.count - 1) * tap_step + 1 < height ? row_size : 0;
}

/// Fills in what every position of an axis's target reads, as far as it lies in the source.
inline void fill_taps(const AxisPass& pass, AxisTaps* taps) {
  const WindowAxis& window = pass.window;
  for (std::int64_t i = 0; i < window.count; ++i) {
    const std::int64_t first = window.first + i * window.stride;
    const auto tap_from = [&](std::int64_t position) {
      const std::int64_t distance = position - first;
      return distance <= 0 ? 0 : std::min(window.taps, (distance - 1) / window.dilation + 1);
    };
    const std::int64_t begin = tap_from(0);
    const std::int64_t end = tap_from(window.source_size);
    AxisTaps& mine = taps[pass.target_first + i * pass.target_step];
    mine = begin < end ? AxisTaps{.source = first + begin * window.dilation,
                                  .kernel = pass.kernel_first + begin * pass.kernel_step,
                                  .count = end - begin}
                       : AxisTaps{.source = 0, .kernel = 0, .count = 0};
  }
}

}  // namespace tapestry::kernels::depthwise
