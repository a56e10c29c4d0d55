#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/conv2d_depthwise_rows.cpp>

#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/kernels/channels-inl.hpp>
#include <tapestry/kernels/conv2d_depthwise_rows.hpp>
#include <tapestry/kernels/streaming-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

/// `vectors` neighbouring vectors of one target pixel's channels: so many sums at once hide the latency of
/// multiply-add.
template <int vectors, class T, class D>
HWY_INLINE void filter_channels(D d, const FilteredRow<T>& row, const AxisTaps& columns, std::int64_t channel,
                                T* HWY_RESTRICT target) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  hn::Vec<D> sums[vectors];
  for (int v = 0; v < vectors; ++v) {
    sums[v] = row.bias == nullptr ? hn::Zero(d) : hn::LoadU(d, row.bias + channel + v * lanes);
  }
  const T* const source = row.source + columns.source * row.channels + channel;
  const T* const weights = row.weights + columns.kernel * row.channels + channel;
  const std::int64_t ahead = row.tap_rows == 0 ? 0 : (row.tap_rows - 1) * row.row_step + row.next_row;
  for (std::int64_t r = 0; r < row.tap_rows; ++r) {
    for (std::int64_t s = 0; s < columns.count; ++s) {
      const T* const pixel = source + r * row.row_step + s * row.column_step;
      const T* const weight = weights + r * row.weight_row_step + s * row.weight_column_step;
      for (int v = 0; v < vectors; ++v) {
        sums[v] = hn::MulAdd(hn::LoadU(d, pixel + v * lanes), hn::LoadU(d, weight + v * lanes), sums[v]);
      }
    }
  }
  for (int v = 0; v < vectors; ++v) {
    hwy::Prefetch(source + ahead + v * lanes);
    store_result(row.streams, sums[v], d, target + channel + v * lanes);
  }
}

template <class T>
void filter(const FilteredRow<T>& row) {
  constexpr int vectors = 4;
  const hn::ScalableTag<T> whole;
  const std::int64_t step = vectors * static_cast<std::int64_t>(hn::Lanes(whole));
  for (std::int64_t i = 0; i < row.pixels; ++i) {
    const AxisTaps& columns = row.columns[i];
    T* const target = row.target + i * row.channels;
    std::int64_t channel = 0;
    for (; channel + step <= row.channels; channel += step) {
      filter_channels<vectors>(whole, row, columns, channel, target);
    }
    const auto one = [&](auto d, std::int64_t at) HWY_ATTR { filter_channels<1>(d, row, columns, at, target); };
    channel = for_whole_vectors(whole, channel, row.channels, one);
    channel = for_whole_vectors(hn::CappedTag<T, 4>(), channel, row.channels, one);
    for_whole_vectors(hn::CappedTag<T, 1>(), channel, row.channels, one);
  }
}

template <class T>
void correlate(const CorrelatedRow<T>& row) {
  // So many pixels at a time that what all taps read of them stays in the first-level cache.
  constexpr std::int64_t chunk = 8;
  const Conv2dAxis& axis = row.columns;
  const std::int64_t channels = row.channels;
  for (std::int64_t first = 0; first < axis.out_size; first += chunk) {
    const std::int64_t last = std::min(first + chunk, axis.out_size);
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
      const bool is_last = tap + 1 == row.tap_rows * axis.kernel;
      for_channels<T>(channels, [=, stride = axis.stride, &row](auto d, std::int64_t channel) HWY_ATTR {
        auto sum = hn::LoadU(d, sums + channel);
        const T* pixel = pixels + channel;
        const T* gradient = gradients + channel;
        for (std::int64_t i = begin; i < end; ++i, pixel += stride * channels, gradient += channels) {
          sum = hn::MulAdd(hn::LoadU(d, pixel), hn::LoadU(d, gradient), sum);
          if (is_last) {
            hwy::Prefetch(pixel + row.next_row);
            hwy::Prefetch(gradient + row.next_gradients);
          }
        }
        hn::StoreU(sum, d, sums + channel);
      });
    }
  }
}

void filter_row_f32(const FilteredRow<float>& row) {
  filter(row);
}
void filter_row_f64(const FilteredRow<double>& row) {
  filter(row);
}
void correlate_row_f32(const CorrelatedRow<float>& row) {
  correlate(row);
}
void correlate_row_f64(const CorrelatedRow<double>& row) {
  correlate(row);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapestry::kernels {
namespace {
HWY_EXPORT(filter_row_f32);
HWY_EXPORT(filter_row_f64);
HWY_EXPORT(correlate_row_f32);
HWY_EXPORT(correlate_row_f64);
}  // namespace

template <>
void filter_row(const FilteredRow<float>& row) {
  HWY_DYNAMIC_DISPATCH(filter_row_f32)(row);
}
template <>
void filter_row(const FilteredRow<double>& row) {
  HWY_DYNAMIC_DISPATCH(filter_row_f64)(row);
}
template <>
void correlate_row(const CorrelatedRow<float>& row) {
  HWY_DYNAMIC_DISPATCH(correlate_row_f32)(row);
}
template <>
void correlate_row(const CorrelatedRow<double>& row) {
  HWY_DYNAMIC_DISPATCH(correlate_row_f64)(row);
}

}  // namespace tapestry::kernels
#endif
