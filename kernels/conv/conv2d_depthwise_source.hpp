// Shared by the passes of depthwise convolution: taps, and image rows as the inner loops read them.
#pragma once

#include <algorithm>
#include <cstdint>

#include <tapestry/kernels/conv/conv2d_depthwise_rows.hpp>
#include <tapestry/kernels/conv/conv2d_windows.hpp>
#include <tapestry/kernels/elementwise/epilogue.hpp>
#include <tapestry/kernels/runtime/conv2d_workspace.hpp>

namespace tapestry::kernels::depthwise {

/// The number of output channels that read one input channel.
inline std::int64_t multiplier(const Conv2dGeometry& g) {
  return g.out_channels / g.in_channels;
}

inline std::int64_t kernel_area(const Conv2dGeometry& g) {
  return g.kernel_height * g.kernel_width;
}

/// `workspace` for the weight gradient.
template <class T>
std::size_t weight_gradient_workspace(const Conv2dGeometry& geometry);

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

/// What row `index + 1` of the targets, counted through all images, reads and row `index` does not.
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

/// Copies a row of an image, repeating every channel `times` times.
template <class T>
void spread(const T* row, std::int64_t elements, std::int64_t times, T* out) {
  for (std::int64_t i = 0; i < elements; ++i) out = std::fill_n(out, times, row[i]);
}

/// The image rows that a row of taps reads.
template <class T>
struct SourceRows {
  const T* first;
  std::int64_t step;
  PixelsAhead<T> ahead;
};

/// Provides the image rows that successive target rows read: in place; spread to the output channels if an input
/// channel has several; or with a prologue applied, in bands of rows that stay in the L2 cache.
template <class T>
class SourceReader {
 public:
  /// `taps` are those of the forward pass; `scratch` has `scratch_size` elements.
  SourceReader(const Conv2dGeometry& geometry, const T* x, const Epilogue<T>& load, const AxisTaps* taps, T* scratch)
      : g_(geometry), x_(x), load_(load), taps_(taps), scratch_(scratch) {}

  static std::int64_t scratch_size(const Conv2dGeometry& g) {
    const std::int64_t rows = multiplier(g) == 1 ? max_rows(g) : g.kernel_height;
    return saturating_product(rows, g.in_width * g.out_channels);
  }

  /// What target row `index`, counted through all images, reads; valid until the next call.
  SourceRows<T> rows_of(std::int64_t index) {
    const AxisTaps& taps = taps_[index % g_.out_height];
    const std::int64_t row_size = g_.in_width * g_.in_channels;
    const std::int64_t step = g_.dilation_height * row_size;
    const T* const image = x_ + index / g_.out_height * g_.in_height * row_size;
    if (multiplier(g_) != 1) {
      const std::int64_t spread_size = g_.in_width * g_.out_channels;
      for (std::int64_t r = 0; r < taps.count; ++r) {
        spread(image + taps.source * row_size + r * step, row_size, multiplier(g_), scratch_ + r * spread_size);
      }
      return {scratch_, spread_size, {nullptr, 0}};
    }
    if (load_.is_none()) {
      return {image + taps.source * row_size, step,
              pixels_ahead<T>({x_, g_.batch, g_.in_height, g_.in_width, g_.in_channels},
                              {taps_, g_.out_height, g_.dilation_height}, index)};
    }
    if (index < band_begin_ || index >= band_end_) compute_band(index, image);
    return {scratch_ + (taps.count == 0 ? 0 : taps.source - band_first_) * row_size, step, share_of_next_band(index)};
  }

 private:
  static std::int64_t max_rows(const Conv2dGeometry& g) {
    constexpr std::int64_t bytes = std::int64_t{256} << 10;
    const std::int64_t row_bytes = g.in_width * g.in_channels * std::int64_t{sizeof(T)};
    const std::int64_t extent = saturating_sum(saturating_product(g.kernel_height - 1, g.dilation_height), 1);
    return std::min(g.in_height, std::max(extent, bytes / std::max<std::int64_t>(row_bytes, 1)));
  }

  /// The share of the rows after the band that target row `index` prefetches.
  PixelsAhead<T> share_of_next_band(std::int64_t index) const {
    const std::int64_t targets = band_end_ - band_begin_, done = index - band_begin_;
    const std::int64_t first = band_rows_ * done / targets;
    const std::int64_t begin = band_begin_ / g_.out_height * g_.in_height + band_first_ + band_rows_ + first;
    const std::int64_t count = band_rows_ * (done + 1) / targets - first;
    const std::int64_t rows = std::clamp<std::int64_t>(g_.batch * g_.in_height - begin, 0, count);
    return {.first = x_ + (rows == 0 ? 0 : begin * g_.in_width * g_.in_channels), .count = rows * g_.in_width};
  }

  /// Applies the prologue to the source rows of as many target rows of the image, from `index` on, as there is room
  /// for. With dilation, the first source row of a target row may be above that of the previous one.
  void compute_band(std::int64_t index, const T* image) {
    const std::int64_t row_size = g_.in_width * g_.in_channels;
    band_begin_ = band_end_ = index;
    band_first_ = g_.in_height;
    std::int64_t end = 0;
    for (std::int64_t row = index % g_.out_height; row < g_.out_height; ++row, ++band_end_) {
      const AxisTaps& taps = taps_[row];
      if (taps.count == 0) continue;
      const std::int64_t begin = std::min(band_first_, taps.source);
      const std::int64_t wider_end = std::max(end, taps.source + (taps.count - 1) * g_.dilation_height + 1);
      if (wider_end - begin > max_rows(g_)) break;
      band_first_ = begin;
      end = wider_end;
    }
    band_rows_ = std::max<std::int64_t>(end - band_first_, 0);
    apply_epilogue_rows(band_rows_ * g_.in_width, g_.in_channels, image + band_first_ * row_size, load_, scratch_);
  }

  const Conv2dGeometry& g_;
  const T* x_;
  const Epilogue<T>& load_;
  const AxisTaps* taps_;
  T* scratch_;
  /// The target rows [begin, end) of the band, its first source row within the image, and the number of source rows.
  std::int64_t band_begin_ = 0, band_end_ = 0, band_first_ = 0, band_rows_ = 0;
};

/// Fills in the taps of every target position of a pass along one axis that lie inside the source.
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
    AxisTaps& target = taps[pass.target_first + i * pass.target_step];
    target = begin < end ? AxisTaps{.source = first + begin * window.dilation,
                                    .kernel = pass.kernel_first + begin * pass.kernel_step,
                                    .count = end - begin}
                         : AxisTaps{.source = 0, .kernel = 0, .count = 0};
  }
}

}  // namespace tapestry::kernels::depthwise
