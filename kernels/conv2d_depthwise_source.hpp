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

/// The images that a pass reads.
template <class T>
struct SourceImages {
  const T* first;
  std::int64_t batch, height, width, channels;
};

/// The taps of every row of a target image; taps of a row are `step` rows of the source apart.
struct TapRows {
  const AxisTaps* rows;
  std::int64_t count, step;
};

/// What the row after `index` reads and row `index` does not, with the rows of all targets counted on.
template <class T>
PixelsAhead<T> pixels_ahead(const SourceImages<T>& source, const TapRows& taps, std::int64_t index) {
  if (index + 1 == source.batch * taps.count) return {source.first, 0};
  const auto begin_of = [&](std::int64_t i) {
    return i / taps.count * source.height + taps.rows[i % taps.count].source;
  };
  const auto end_of = [&](std::int64_t i) {
    const std::int64_t count = taps.rows[i % taps.count].count;
    return begin_of(i) + (count == 0 ? 0 : (count - 1) * taps.step + 1);
  };
  const std::int64_t begin = std::max(end_of(index), begin_of(index + 1));
  const std::int64_t rows = std::max<std::int64_t>(end_of(index + 1) - begin, 0);
  return {.first = source.first + (rows == 0 ? 0 : begin * source.width * source.channels),
          .count = rows * source.width};
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
