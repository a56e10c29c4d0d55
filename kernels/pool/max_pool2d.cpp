#include <algorithm>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/pool/max_pool2d.cpp>

#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/kernels/pool/max_pool2d.hpp>
#include <tapestry/kernels/simd/channels-inl.hpp>
#include <tapestry/kernels/simd/dispatch.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

// Inside the loops taps have type T, so that one mask serves values and taps.
template <class D>
HWY_INLINE void store_taps(D, hn::Vec<D> taps, std::uint8_t* out) {
  const hn::Rebind<std::int32_t, D> d32;
  const hn::Rebind<std::uint8_t, D> d8;
  if constexpr (sizeof(hn::TFromD<D>) == 4) {
    hn::StoreU(hn::DemoteTo(d8, hn::ConvertTo(d32, taps)), d8, out);
  } else {
    hn::StoreU(hn::DemoteTo(d8, hn::DemoteTo(d32, taps)), d8, out);
  }
}

template <class D>
HWY_INLINE hn::Vec<D> load_taps(D d, const std::uint8_t* taps) {
  const hn::Rebind<std::int32_t, D> d32;
  const hn::Rebind<std::uint8_t, D> d8;
  const auto wide = hn::PromoteTo(d32, hn::LoadU(d8, taps));
  if constexpr (sizeof(hn::TFromD<D>) == 4) {
    return hn::ConvertTo(d, wide);
  } else {
    return hn::PromoteTo(d, wide);
  }
}

/// One row of windows of the image x.
template <class T>
void pool_row(const Pool2dGeometry& g, std::int64_t window_row, const T* HWY_RESTRICT x, T* HWY_RESTRICT y,
              std::uint8_t* HWY_RESTRICT taps) {
  const Taps rows = taps_on_image(g.rows, window_row);
  const std::int64_t channels = g.channels;
  const std::int64_t ahead = next_row_of_windows(g, rows);
  for (std::int64_t window = 0; window < g.columns.out; ++window, y += channels, taps += channels) {
    const Taps columns = taps_on_image(g.columns, window);
    const WindowPixels pixels = pixels_of(g, rows, columns);
    const T* const first = x + pixels.first;
    const T first_tap = static_cast<T>(rows.first * g.columns.kernel + columns.first);
    const T row_taps = static_cast<T>(g.columns.kernel);
    for_channels<T>(channels, [=](auto d, std::int64_t channel) HWY_ATTR {
      const auto one = hn::Set(d, T{1});
      auto row_tap = hn::Set(d, first_tap);
      auto best = hn::Set(d, -std::numeric_limits<T>::infinity());
      auto best_tap = row_tap;
      const T* row = first + channel;
      for (std::int64_t r = 0; r < pixels.rows; ++r, row += pixels.row_step) {
        auto tap = row_tap;
        const T* pixel = row;
        for (std::int64_t s = 0; s < pixels.columns; ++s, pixel += pixels.column_step) {
          const auto value = hn::LoadU(d, pixel);
          hwy::Prefetch(pixel + ahead);
          // The value is greater or the first NaN.
          const auto wins = hn::And(hn::Not(hn::Ge(best, value)), hn::Eq(best, best));
          best = hn::IfThenElse(wins, value, best);
          best_tap = hn::IfThenElse(wins, tap, best_tap);
          tap = hn::Add(tap, one);
        }
        row_tap = hn::Add(row_tap, hn::Set(d, row_taps));
      }
      hn::StoreU(best, d, y + channel);
      store_taps(d, best_tap, taps + channel);
    });
  }
}

/// dx of one image row += the contribution of one row of windows, with gradients `dy`, through row `r` of their taps.
template <class T>
void scatter_row(const Pool2dGeometry& g, std::int64_t r, const T* HWY_RESTRICT dy,
                 const std::uint8_t* HWY_RESTRICT taps, T* HWY_RESTRICT dx) {
  for (std::int64_t window = 0; window < g.columns.out; ++window) {
    const Taps columns = taps_on_image(g.columns, window);
    for_channels<T>(g.channels, [&](auto d, std::int64_t channel) HWY_ATTR {
      const auto gradient = hn::LoadU(d, dy + window * g.channels + channel);
      const auto tap = load_taps(d, taps + window * g.channels + channel);
      for (std::int64_t s = columns.first; s < columns.last; ++s) {
        T* target = dx + (columns.origin + s * g.columns.dilation) * g.channels + channel;
        const auto chosen = hn::Eq(tap, hn::Set(d, static_cast<T>(r * g.columns.kernel + s)));
        hn::StoreU(hn::Add(hn::LoadU(d, target), hn::IfThenElseZero(chosen, gradient)), d, target);
      }
    });
  }
}

TAPESTRY_KERNEL(pool_row);
TAPESTRY_KERNEL(scatter_row);

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapestry::kernels {
namespace {
TAPESTRY_EXPORT(pool_row);
TAPESTRY_EXPORT(scatter_row);

template <class T>
void pool_row(const Pool2dGeometry& g, std::int64_t row, const T* x, T* y, std::uint8_t* taps) {
  TAPESTRY_DISPATCH(pool_row, T)(g, row, x, y, taps);
}

/// `scatter_row` element by element, for taps of any type.
template <class T, class Tap, class Sum>
void scatter_each(const Pool2dGeometry& g, std::int64_t r, const T* dy, const Tap* taps, Sum* dx) {
  for (std::int64_t window = 0; window < g.columns.out; ++window, dy += g.channels, taps += g.channels) {
    Sum* const first = dx + taps_on_image(g.columns, window).origin * g.channels;
    for (std::int64_t channel = 0; channel < g.channels; ++channel) {
      const std::int64_t s = static_cast<std::int64_t>(taps[channel]) - r * g.columns.kernel;
      if (s >= 0 && s < g.columns.kernel) first[s * g.columns.dilation * g.channels + channel] += dy[channel];
    }
  }
}

/// True for sequences, whose single channel does not fill a vector.
bool is_sequence(const Pool2dGeometry& g) {
  return g.channels == 1 && g.rows.kernel == 1;
}

template <class T>
void scatter_row(const Pool2dGeometry& g, std::int64_t r, const T* dy, const std::uint8_t* taps, T* dx) {
  if (is_sequence(g)) return scatter_each(g, r, dy, taps, dx);
  TAPESTRY_DISPATCH(scatter_row, T)(g, r, dy, taps, dx);
}

// Windows of more than 256 cells, which need taps of 8 bytes, are rare: plain loops over blocks of channels suffice.
template <class T>
void pool_row(const Pool2dGeometry& g, std::int64_t window_row, const T* x, T* y, std::int64_t* taps) {
  constexpr std::int64_t block = 64;
  const Taps rows = taps_on_image(g.rows, window_row);
  for (std::int64_t window = 0; window < g.columns.out; ++window) {
    const Taps columns = taps_on_image(g.columns, window);
    for (std::int64_t begin = 0; begin < g.channels; begin += block) {
      const std::int64_t count = std::min(block, g.channels - begin);
      // Within a row, taps have the type of the values, so that the compiler can vectorize the loop.
      T best[block];
      T best_in_row[block];
      std::int64_t* const best_tap = taps + window * g.channels + begin;
      std::fill_n(best, block, -std::numeric_limits<T>::infinity());
      std::fill_n(best_tap, count, rows.first * g.columns.kernel + columns.first);
      for (std::int64_t r = rows.first; r < rows.last; ++r) {
        const std::int64_t row = (rows.origin + r * g.rows.dilation) * g.columns.in + columns.origin;
        std::fill_n(best_in_row, block, T{-1});
        for (std::int64_t s = columns.first; s < columns.last; ++s) {
          const T* const pixel = x + (row + s * g.columns.dilation) * g.channels + begin;
          const T tap = static_cast<T>(s);
          for (std::int64_t channel = 0; channel < count; ++channel) {
            const bool wins = !(best[channel] >= pixel[channel]) & (best[channel] == best[channel]);
            best[channel] = wins ? pixel[channel] : best[channel];
            best_in_row[channel] = wins ? tap : best_in_row[channel];
          }
        }
        for (std::int64_t channel = 0; channel < count; ++channel) {
          if (best_in_row[channel] >= 0)
            best_tap[channel] = r * g.columns.kernel + static_cast<std::int64_t>(best_in_row[channel]);
        }
      }
      std::copy_n(best, count, y + window * g.channels + begin);
    }
  }
}

template <class T>
void scatter_row(const Pool2dGeometry& g, std::int64_t r, const T* dy, const std::int64_t* taps, T* dx) {
  scatter_each(g, r, dy, taps, dx);
}

/// Calls `body(output element, plane, pixel, channel)` for every window, where `plane` is the first pixel of its image
/// and `pixel` is the pixel of its tap within the image.
template <class Tap, class Body>
void for_each_tap(const Pool2dGeometry& g, const Tap* taps, const Body& body) {
  for_window_rows(g, [&](std::int64_t image, std::int64_t window_row, std::int64_t row) {
    const std::int64_t top = taps_on_image(g.rows, window_row).origin;
    for (std::int64_t window = 0; window < g.columns.out; ++window) {
      const std::int64_t left = taps_on_image(g.columns, window).origin;
      for (std::int64_t channel = 0; channel < g.channels; ++channel) {
        const std::int64_t element = (row * g.columns.out + window) * g.channels + channel;
        const auto tap = static_cast<std::int64_t>(taps[element]);
        const std::int64_t pixel_row = top + tap / g.columns.kernel * g.rows.dilation;
        const std::int64_t pixel_column = left + tap % g.columns.kernel * g.columns.dilation;
        body(element, image * g.rows.in * g.columns.in, pixel_row * g.columns.in + pixel_column, channel);
      }
    }
  });
}

}  // namespace

template <class T, class Tap>
void max_pool2d(const Pool2dGeometry& g, const T* x, T* y, Tap* taps) {
  const std::int64_t image_size = g.rows.in * g.columns.in * g.channels;
  const std::int64_t row_size = g.columns.out * g.channels;
  for_window_rows(g, [&](std::int64_t image, std::int64_t window_row, std::int64_t row) {
    pool_row(g, window_row, x + image * image_size, y + row * row_size, taps + row * row_size);
  });
}

template <class T, class Tap>
void max_pool2d_scatter(const Pool2dGeometry& g, const T* dy, const Tap* taps, T* dx) {
  gather_window_rows(g, dx, [&]<class Sum>(std::int64_t, std::int64_t tap_row, std::int64_t row, Sum* target) {
    const std::int64_t from = row * g.columns.out * g.channels;
    if constexpr (std::is_same_v<Sum, T>) {
      scatter_row(g, tap_row, dy + from, taps + from, target);
    } else {
      scatter_each(g, tap_row, dy + from, taps + from, target);
    }
  });
}

template <class T, class Tap>
void max_pool2d_gather(const Pool2dGeometry& g, const T* x, const Tap* taps, T* y) {
  for_each_tap(g, taps, [&](std::int64_t element, std::int64_t plane, std::int64_t pixel, std::int64_t channel) {
    y[element] = x[(plane + pixel) * g.channels + channel];
  });
}

template <class Tap>
void max_pool2d_indices(const Pool2dGeometry& g, const Tap* taps, std::int64_t* indices) {
  for_each_tap(g, taps,
               [&](std::int64_t element, std::int64_t, std::int64_t pixel, std::int64_t) { indices[element] = pixel; });
}

#define TAPESTRY_INSTANTIATE(T, Tap)                                                 \
  template void max_pool2d(const Pool2dGeometry&, const T*, T*, Tap*);               \
  template void max_pool2d_scatter(const Pool2dGeometry&, const T*, const Tap*, T*); \
  template void max_pool2d_gather(const Pool2dGeometry&, const T*, const Tap*, T*)
TAPESTRY_INSTANTIATE(float, std::uint8_t);
TAPESTRY_INSTANTIATE(double, std::uint8_t);
TAPESTRY_INSTANTIATE(float, std::int64_t);
TAPESTRY_INSTANTIATE(double, std::int64_t);
#undef TAPESTRY_INSTANTIATE
template void max_pool2d_indices(const Pool2dGeometry&, const std::uint8_t*, std::int64_t*);
template void max_pool2d_indices(const Pool2dGeometry&, const std::int64_t*, std::int64_t*);

}  // namespace tapestry::kernels
#endif
