#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/pool/avg_pool2d.cpp>

#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/kernels/pool/avg_pool2d.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>
#include <tapestry/kernels/simd/channels-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

/// One axis's factor of a window's divisor.
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

/// One row of windows of one image, which lies at x.
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
    const T size = window_divisor<T>(g, rows, columns, divisor);
    for_channels<T>(channels, [=](auto d, std::int64_t channel) HWY_ATTR {
      auto sum = hn::Zero(d);
      const T* row = first + channel;
      for (std::int64_t r = 0; r < pixels.rows; ++r, row += pixels.row_step) {
        // A sum per row keeps rounding small in windows as large as an image.
        auto row_sum = hn::LoadU(d, row);
        hwy::Prefetch(row + ahead);
        const T* pixel = row + pixels.column_step;
        for (std::int64_t s = 1; s < pixels.columns; ++s, pixel += pixels.column_step) {
          row_sum = hn::Add(row_sum, hn::LoadU(d, pixel));
          hwy::Prefetch(pixel + ahead);
        }
        sum = hn::Add(sum, row_sum);
      }
      hn::StoreU(hn::Div(sum, hn::Set(d, size)), d, y + channel);
    });
  }
}

/// dx of one row of an image, += what one row of windows sends to it.
template <class T>
void spread_row(const Pool2dGeometry& g, const AvgPool2dDivisor& divisor, std::int64_t window_row,
                const T* HWY_RESTRICT dy, T* HWY_RESTRICT dx) {
  const Taps rows = taps_on_image(g.rows, window_row);
  for (std::int64_t window = 0; window < g.columns.out; ++window) {
    const Taps columns = taps_on_image(g.columns, window);
    const T size = window_divisor<T>(g, rows, columns, divisor);
    for_channels<T>(g.channels, [&](auto d, std::int64_t channel) HWY_ATTR {
      const auto share = hn::Div(hn::LoadU(d, dy + window * g.channels + channel), hn::Set(d, size));
      for (std::int64_t s = columns.first; s < columns.last; ++s) {
        T* target = dx + (columns.origin + s * g.columns.dilation) * g.channels + channel;
        hn::StoreU(hn::Add(hn::LoadU(d, target), share), d, target);
      }
    });
  }
}

void average_row_f32(const Pool2dGeometry& g, const AvgPool2dDivisor& divisor, std::int64_t row, const float* x,
                     float* y) {
  average_row(g, divisor, row, x, y);
}
void average_row_f64(const Pool2dGeometry& g, const AvgPool2dDivisor& divisor, std::int64_t row, const double* x,
                     double* y) {
  average_row(g, divisor, row, x, y);
}
void spread_row_f32(const Pool2dGeometry& g, const AvgPool2dDivisor& divisor, std::int64_t row, const float* dy,
                    float* dx) {
  spread_row(g, divisor, row, dy, dx);
}
void spread_row_f64(const Pool2dGeometry& g, const AvgPool2dDivisor& divisor, std::int64_t row, const double* dy,
                    double* dx) {
  spread_row(g, divisor, row, dy, dx);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapestry::kernels {
namespace {
HWY_EXPORT(average_row_f32);
HWY_EXPORT(average_row_f64);
HWY_EXPORT(spread_row_f32);
HWY_EXPORT(spread_row_f64);

void average_row(const Pool2dGeometry& g, const AvgPool2dDivisor& divisor, std::int64_t row, const float* x, float* y) {
  HWY_DYNAMIC_DISPATCH(average_row_f32)(g, divisor, row, x, y);
}
void average_row(const Pool2dGeometry& g, const AvgPool2dDivisor& divisor, std::int64_t row, const double* x,
                 double* y) {
  HWY_DYNAMIC_DISPATCH(average_row_f64)(g, divisor, row, x, y);
}
void spread_row(const Pool2dGeometry& g, const AvgPool2dDivisor& divisor, std::int64_t row, const float* dy,
                float* dx) {
  HWY_DYNAMIC_DISPATCH(spread_row_f32)(g, divisor, row, dy, dx);
}
void spread_row(const Pool2dGeometry& g, const AvgPool2dDivisor& divisor, std::int64_t row, const double* dy,
                double* dx) {
  HWY_DYNAMIC_DISPATCH(spread_row_f64)(g, divisor, row, dy, dx);
}

}  // namespace

template <class T>
void avg_pool2d(const Pool2dGeometry& g, const AvgPool2dDivisor& divisor, const T* x, T* y) {
  const std::int64_t image = g.rows.in * g.columns.in * g.channels;
  const std::int64_t row_size = g.columns.out * g.channels;
  parallel_ranges(g.batch * g.rows.out, rows_per_piece(row_size), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      average_row(g, divisor, row % g.rows.out, x + row / g.rows.out * image, y + row * row_size);
    }
  });
}

template <class T>
void avg_pool2d_adjoint(const Pool2dGeometry& g, const AvgPool2dDivisor& divisor, const T* dy, T* dx) {
  const std::int64_t row_size = g.columns.in * g.channels;
  const std::int64_t out_row_size = g.columns.out * g.channels;
  // Rows of the image gather what is sent to them, so that no two threads write to one place.
  parallel_ranges(g.batch * g.rows.in, rows_per_piece(row_size), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      std::fill_n(dx + row * row_size, row_size, T{0});
      const std::int64_t first = row / g.rows.in * g.rows.out;
      for_each_window_over(g.rows, row % g.rows.in, [&](std::int64_t window, std::int64_t) {
        spread_row(g, divisor, window, dy + (first + window) * out_row_size, dx + row * row_size);
      });
    }
  });
}

template void avg_pool2d(const Pool2dGeometry&, const AvgPool2dDivisor&, const float*, float*);
template void avg_pool2d(const Pool2dGeometry&, const AvgPool2dDivisor&, const double*, double*);
template void avg_pool2d_adjoint(const Pool2dGeometry&, const AvgPool2dDivisor&, const float*, float*);
template void avg_pool2d_adjoint(const Pool2dGeometry&, const AvgPool2dDivisor&, const double*, double*);

}  // namespace tapestry::kernels
#endif
