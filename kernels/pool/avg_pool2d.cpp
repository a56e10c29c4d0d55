#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/pool/avg_pool2d.cpp>

#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/kernels/pool/avg_pool2d.hpp>
#include <tapestry/kernels/simd/channels-inl.hpp>
#include <tapestry/kernels/simd/dispatch.hpp>
#include <tapestry/kernels/simd/doubles-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

/// The factor of one axis in the divisor of a window.
std::int64_t counted(const Pool2dAxis& axis, const Taps& taps, bool count_include_pad) {
  if (!count_include_pad) return taps.last - taps.first;
  return std::min(axis.kernel, axis.in + axis.padding - taps.origin);
}

template <class T>
T window_divisor(const Pool2dGeometry& g, const Taps& rows, const Taps& columns, const AvgPool2dDivisor& divisor) {
  if (divisor.fixed != 0) return static_cast<T>(divisor.fixed);
  return static_cast<T>(counted(g.rows, rows, divisor.count_include_pad) *
                        counted(g.columns, columns, divisor.count_include_pad));
}

/// The average of one window, summed in type Sum; the window's first pixel is at `first`.
template <class Sum, class T>
HWY_INLINE void average(const WindowPixels& pixels, std::int64_t ahead, Sum size, std::int64_t channels,
                        const T* HWY_RESTRICT first, T* HWY_RESTRICT y) {
  for_channels<Sum>(channels, [=](auto d, std::int64_t channel) HWY_ATTR {
    auto sum = hn::Zero(d);
    const T* row = first + channel;
    for (std::int64_t r = 0; r < pixels.rows; ++r, row += pixels.row_step) {
      const T* pixel = row;
      for (std::int64_t s = 0; s < pixels.columns; ++s, pixel += pixels.column_step) {
        sum = hn::Add(sum, load(d, pixel));
        hwy::Prefetch(pixel + ahead);
      }
    }
    store(d, hn::Div(sum, hn::Set(d, size)), y + channel);
  });
}

/// One row of windows of the image x.
template <class T>
void average_row(const Pool2dGeometry& g, const AvgPool2dDivisor& divisor, std::int64_t window_row,
                 const T* HWY_RESTRICT x, T* HWY_RESTRICT y) {
  const Taps rows = taps_on_image(g.rows, window_row);
  const std::int64_t channels = g.channels;
  const std::int64_t ahead = next_row_of_windows(g, rows);
  for (std::int64_t window = 0; window < g.columns.out; ++window, y += channels) {
    const Taps columns = taps_on_image(g.columns, window);
    const WindowPixels pixels = pixels_of(g, rows, columns);
    const T* const first = x + pixels.first;
    if (pixels.rows * pixels.columns > many_terms) {
      average<double>(pixels, ahead, window_divisor<double>(g, rows, columns, divisor), channels, first, y);
    } else {
      average<T>(pixels, ahead, window_divisor<T>(g, rows, columns, divisor), channels, first, y);
    }
  }
}

/// dx of one image row += the contribution of one row of windows.
template <class T, class Sum>
HWY_INLINE void spread(const Pool2dGeometry& g, const AvgPool2dDivisor& divisor, std::int64_t window_row,
                       const T* HWY_RESTRICT dy, Sum* HWY_RESTRICT dx) {
  const Taps rows = taps_on_image(g.rows, window_row);
  for (std::int64_t window = 0; window < g.columns.out; ++window) {
    const Taps columns = taps_on_image(g.columns, window);
    const Sum size = window_divisor<Sum>(g, rows, columns, divisor);
    for_channels<Sum>(g.channels, [&](auto d, std::int64_t channel) HWY_ATTR {
      const auto share = hn::Div(load(d, dy + window * g.channels + channel), hn::Set(d, size));
      for (std::int64_t s = columns.first; s < columns.last; ++s) {
        Sum* target = dx + (columns.origin + s * g.columns.dilation) * g.channels + channel;
        hn::StoreU(hn::Add(hn::LoadU(d, target), share), d, target);
      }
    });
  }
}

template <class T>
void spread_row(const Pool2dGeometry& g, const AvgPool2dDivisor& divisor, std::int64_t window_row, const T* dy, T* dx) {
  spread(g, divisor, window_row, dy, dx);
}
template <class T>
void spread_row_in_double(const Pool2dGeometry& g, const AvgPool2dDivisor& divisor, std::int64_t window_row,
                          const T* dy, double* dx) {
  spread(g, divisor, window_row, dy, dx);
}

TAPESTRY_KERNEL(average_row);
TAPESTRY_KERNEL(spread_row);
TAPESTRY_KERNEL(spread_row_in_double);

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapestry::kernels {
namespace {
TAPESTRY_EXPORT(average_row);
TAPESTRY_EXPORT(spread_row);
TAPESTRY_EXPORT(spread_row_in_double);
}  // namespace

template <class T>
void avg_pool2d(const Pool2dGeometry& g, const AvgPool2dDivisor& divisor, const T* x, T* y) {
  const std::int64_t image_size = g.rows.in * g.columns.in * g.channels;
  for_window_rows(g, [&](std::int64_t image, std::int64_t window_row, std::int64_t row) {
    TAPESTRY_DISPATCH(average_row, T)
    (g, divisor, window_row, x + image * image_size, y + row * g.columns.out * g.channels);
  });
}

template <class T>
void avg_pool2d_adjoint(const Pool2dGeometry& g, const AvgPool2dDivisor& divisor, const T* dy, T* dx) {
  gather_window_rows(g, dx, [&]<class Sum>(std::int64_t window_row, std::int64_t, std::int64_t row, Sum* target) {
    const auto spread = [] {
      if constexpr (std::is_same_v<Sum, T>) {
        return TAPESTRY_DISPATCH(spread_row, T);
      } else {
        return TAPESTRY_DISPATCH(spread_row_in_double, T);
      }
    }();
    spread(g, divisor, window_row, dy + row * g.columns.out * g.channels, target);
  });
}

template void avg_pool2d(const Pool2dGeometry&, const AvgPool2dDivisor&, const float*, float*);
template void avg_pool2d(const Pool2dGeometry&, const AvgPool2dDivisor&, const double*, double*);
template void avg_pool2d_adjoint(const Pool2dGeometry&, const AvgPool2dDivisor&, const float*, float*);
template void avg_pool2d_adjoint(const Pool2dGeometry&, const AvgPool2dDivisor&, const double*, double*);

}  // namespace tapestry::kernels
#endif
