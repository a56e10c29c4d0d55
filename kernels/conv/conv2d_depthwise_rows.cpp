#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/conv/conv2d_depthwise_rows.cpp>

#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/kernels/conv/conv2d_depthwise_rows.hpp>
#include <tapestry/kernels/elementwise/epilogue-inl.hpp>
#include <tapestry/kernels/runtime/streaming-inl.hpp>
#include <tapestry/kernels/simd/channels-inl.hpp>
#include <tapestry/kernels/simd/dispatch.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

/// The share of `ahead` that is prefetched while pixels [begin, end) of a row of `pixels` are processed.
template <class T>
HWY_INLINE PixelsAhead<T> share_of(const PixelsAhead<T>& ahead, std::int64_t channels, std::int64_t begin,
                                   std::int64_t end, std::int64_t pixels) {
  const std::int64_t first = ahead.count * begin / pixels;
  return {.first = ahead.first + first * channels, .count = ahead.count * end / pixels - first};
}

/// Prefetches the vectors at `channel` of all pixels.
template <class T>
HWY_INLINE void fetch(const PixelsAhead<T>& ahead, std::int64_t channels, std::int64_t channel) {
  for (std::int64_t i = 0; i < ahead.count; ++i) hwy::Prefetch(ahead.first + i * channels + channel);
}

/// `vectors` adjacent vectors of channels of one target pixel; several sums at a time hide the latency of multiply-add.
template <int vectors, class T, class D>
HWY_INLINE void filter_channels(D d, const FilteredRow<T>& row, const AxisTaps& columns, std::int64_t channel,
                                T* HWY_RESTRICT target) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  hn::Vec<D> sums[1][vectors];
  for (int v = 0; v < vectors; ++v) {
    sums[0][v] = row.bias == nullptr ? hn::Zero(d) : hn::LoadU(d, row.bias + channel + v * lanes);
  }
  const T* const source = row.source + columns.source * row.channels + channel;
  const T* const weights = row.weights + columns.kernel * row.channels + channel;
  for (std::int64_t r = 0; r < row.tap_rows; ++r) {
    for (std::int64_t s = 0; s < columns.count; ++s) {
      const T* const pixel = source + r * row.row_step + s * row.column_step;
      const T* const weight = weights + r * row.weight_row_step + s * row.weight_column_step;
      for (int v = 0; v < vectors; ++v) {
        sums[0][v] = hn::MulAdd(hn::LoadU(d, pixel + v * lanes), hn::LoadU(d, weight + v * lanes), sums[0][v]);
      }
    }
  }
  if (!row.epilogue.is_none()) {
    finish<true>(d, row.epilogue, channel, vectors * lanes, sums,
                 [=, &row](int) { return row.epilogue.addend + (target - row.target); });
  }
  for (int v = 0; v < vectors; ++v) store_result(row.streams, sums[0][v], d, target + channel + v * lanes);
}

/// All channels of one target pixel.
template <class T>
HWY_INLINE void filter_pixel(const FilteredRow<T>& row, std::int64_t pixel) {
  constexpr int vectors = 4;
  const hn::ScalableTag<T> whole;
  const std::int64_t step = vectors * static_cast<std::int64_t>(hn::Lanes(whole));
  const AxisTaps& columns = row.columns[pixel];
  T* const target = row.target + pixel * row.channels;
  const PixelsAhead<T> ahead = share_of(row.ahead, row.channels, pixel, pixel + 1, row.pixels);
  for_channels<T>(row.channels, [&](auto, std::int64_t at) HWY_ATTR { fetch(ahead, row.channels, at); });
  std::int64_t channel = 0;
  for (; channel + step <= row.channels; channel += step) {
    filter_channels<vectors>(whole, row, columns, channel, target);
  }
  const auto one = [&](auto d, std::int64_t at) HWY_ATTR { filter_channels<1>(d, row, columns, at, target); };
  channel = for_whole_vectors(whole, channel, row.channels, one);
  channel = for_whole_vectors(hn::CappedTag<T, 4>(), channel, row.channels, one);
  for_whole_vectors(hn::CappedTag<T, 1>(), channel, row.channels, one);
}

/// True when `pixels` adjacent pixels each read three adjacent columns, `step` columns after those of the previous
/// pixel.
template <int pixels, int step, class T>
HWY_INLINE bool are_regular(const FilteredRow<T>& row, std::int64_t first) {
  const AxisTaps& taps = row.columns[first];
  bool result = row.column_step == row.channels;
  for (int p = 0; p < pixels; ++p) {
    const AxisTaps& other = row.columns[first + p];
    result = result && other.count == 3 && other.kernel == taps.kernel && other.source == taps.source + p * step;
  }
  return result;
}

/// `pixels` adjacent regular pixels, one vector of channels at a time: weights, and columns that several pixels read,
/// are loaded once.
template <int pixels, int step, class T>
HWY_INLINE void filter_neighbors(const FilteredRow<T>& row, std::int64_t first) {
  constexpr int columns = (pixels - 1) * step + 3;
  const AxisTaps& taps = row.columns[first];
  const T* const source = row.source + taps.source * row.channels;
  const T* const weights = row.weights + taps.kernel * row.channels;
  T* const target = row.target + first * row.channels;
  const PixelsAhead<T> ahead = share_of(row.ahead, row.channels, first, first + pixels, row.pixels);
  for_channels<T>(row.channels, [=, &row](auto d, std::int64_t channel) HWY_ATTR {
    using V = hn::Vec<decltype(d)>;
    V sums[pixels][1];
    for (int p = 0; p < pixels; ++p) sums[p][0] = row.bias == nullptr ? hn::Zero(d) : hn::LoadU(d, row.bias + channel);
    for (std::int64_t r = 0; r < row.tap_rows; ++r) {
      const T* const from = source + r * row.row_step + channel;
      const T* const weight = weights + r * row.weight_row_step + channel;
      V x[columns];
      V w[3];
      for (int s = 0; s < 3; ++s) w[s] = hn::LoadU(d, weight + s * row.weight_column_step);
      for (int c = 0; c < columns; ++c) x[c] = hn::LoadU(d, from + c * row.channels);
      for (int s = 0; s < 3; ++s) {
        for (int p = 0; p < pixels; ++p) sums[p][0] = hn::MulAdd(x[p * step + s], w[s], sums[p][0]);
      }
    }
    fetch(ahead, row.channels, channel);
    if (!row.epilogue.is_none()) {
      finish<true>(d, row.epilogue, channel, static_cast<std::int64_t>(hn::Lanes(d)), sums,
                   [=, &row](int p) { return row.epilogue.addend + (target - row.target) + p * row.channels; });
    }
    for (int p = 0; p < pixels; ++p) store_result(row.streams, sums[p][0], d, target + p * row.channels + channel);
  });
}

template <int pixels, int step, class T>
HWY_INLINE bool try_neighbors(const FilteredRow<T>& row, std::int64_t& pixel) {
  if (pixel + pixels > row.pixels || !are_regular<pixels, step>(row, pixel)) return false;
  filter_neighbors<pixels, step>(row, pixel);
  pixel += pixels;
  return true;
}

template <class T>
void filter(const FilteredRow<T>& row) {
  for (std::int64_t pixel = 0; pixel < row.pixels;) {
    const bool done = try_neighbors<4, 1>(row, pixel) || try_neighbors<4, 2>(row, pixel) ||
                      try_neighbors<2, 1>(row, pixel) || try_neighbors<2, 2>(row, pixel);
    if (!done) filter_pixel(row, pixel++);
  }
}

/// The taps of kernels three columns wide and `tap_rows` rows high over the output pixels [begin, end). The sums of a
/// vector of channels stay in registers.
template <int tap_rows, class T>
void correlate_threes(const CorrelatedRow<T>& row, std::int64_t begin, std::int64_t end) {
  const Conv2dAxis& axis = row.columns;
  const std::int64_t channels = row.channels;
  const PixelsAhead<T> ahead = share_of(row.ahead, channels, begin, end, axis.out_size);
  const PixelsAhead<T> gradients_ahead = share_of(row.gradients_ahead, channels, begin, end, axis.out_size);
  for_channels<T>(channels, [=, &row, &axis](auto d, std::int64_t channel) HWY_ATTR {
    using V = hn::Vec<decltype(d)>;
    fetch(ahead, channels, channel);
    fetch(gradients_ahead, channels, channel);
    V sums[tap_rows][3];
    for (int r = 0; r < tap_rows; ++r) {
      for (int s = 0; s < 3; ++s) sums[r][s] = hn::LoadU(d, row.sums + (r * 3 + s) * channels + channel);
    }
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t column = i * axis.stride - axis.pad;
      const V g = hn::LoadU(d, row.gradients + i * channels + channel);
      const auto add = [&](int s) HWY_ATTR {
        for (int r = 0; r < tap_rows; ++r) {
          const V x = hn::LoadU(d, row.source + r * row.row_step + (column + s) * channels + channel);
          sums[r][s] = hn::MulAdd(x, g, sums[r][s]);
        }
      };
      if (column >= 0 && column + 2 < axis.in_size) {
        add(0);
        add(1);
        add(2);
      } else {
        if (column >= 0 && column < axis.in_size) add(0);
        if (column >= -1 && column + 1 < axis.in_size) add(1);
        if (column >= -2 && column + 2 < axis.in_size) add(2);
      }
    }
    for (int r = 0; r < tap_rows; ++r) {
      for (int s = 0; s < 3; ++s) hn::StoreU(sums[r][s], d, row.sums + (r * 3 + s) * channels + channel);
    }
  });
}

/// One tap at a time over the output pixels [first, last) where it is inside the image.
template <class T>
void correlate_taps(const CorrelatedRow<T>& row, std::int64_t first, std::int64_t last) {
  const Conv2dAxis& axis = row.columns;
  const std::int64_t channels = row.channels;
  for_channels<T>(channels, [&](auto, std::int64_t channel) HWY_ATTR {
    fetch(share_of(row.ahead, channels, first, last, axis.out_size), channels, channel);
    fetch(share_of(row.gradients_ahead, channels, first, last, axis.out_size), channels, channel);
  });
  for (std::int64_t tap = 0; tap < row.tap_rows * axis.kernel; ++tap) {
    const std::int64_t offset = tap % axis.kernel * axis.dilation - axis.pad;
    std::int64_t begin = first;
    std::int64_t end = last;
    while (begin < end && begin * axis.stride + offset < 0) ++begin;
    while (begin < end && (end - 1) * axis.stride + offset >= axis.in_size) --end;
    if (begin == end) continue;
    const T* const pixels = row.source + tap / axis.kernel * row.row_step + (begin * axis.stride + offset) * channels;
    const T* const gradients = row.gradients + begin * channels;
    T* const sums = row.sums + tap * channels;
    for_channels<T>(channels, [=, stride = axis.stride](auto d, std::int64_t channel) HWY_ATTR {
      auto sum = hn::LoadU(d, sums + channel);
      const T* pixel = pixels + channel;
      const T* gradient = gradients + channel;
      for (std::int64_t i = begin; i < end; ++i, pixel += stride * channels, gradient += channels) {
        sum = hn::MulAdd(hn::LoadU(d, pixel), hn::LoadU(d, gradient), sum);
      }
      hn::StoreU(sum, d, sums + channel);
    });
  }
}

template <class T>
void correlate(const CorrelatedRow<T>& row) {
  // Few enough pixels that what all taps read stays in the L1 cache.
  constexpr std::int64_t chunk = 8;
  const Conv2dAxis& axis = row.columns;
  const bool is_three = axis.kernel == 3 && axis.dilation == 1;
  for (std::int64_t first = 0; first < axis.out_size; first += chunk) {
    const std::int64_t last = std::min(first + chunk, axis.out_size);
    if (is_three && row.tap_rows == 3) {
      correlate_threes<3>(row, first, last);
    } else if (is_three && row.tap_rows == 2) {
      correlate_threes<2>(row, first, last);
    } else if (is_three && row.tap_rows == 1) {
      correlate_threes<1>(row, first, last);
    } else {
      correlate_taps(row, first, last);
    }
  }
}

TAPESTRY_KERNEL(filter);
TAPESTRY_KERNEL(correlate);

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapestry::kernels {
namespace {
TAPESTRY_EXPORT(filter);
TAPESTRY_EXPORT(correlate);
}  // namespace

template <class T>
void filter_row(const FilteredRow<T>& row) {
  TAPESTRY_DISPATCH(filter, T)(row);
}
template <class T>
void correlate_row(const CorrelatedRow<T>& row) {
  TAPESTRY_DISPATCH(correlate, T)(row);
}

template void filter_row(const FilteredRow<float>&);
template void filter_row(const FilteredRow<double>&);
template void correlate_row(const CorrelatedRow<float>&);
template void correlate_row(const CorrelatedRow<double>&);

}  // namespace tapestry::kernels
#endif
