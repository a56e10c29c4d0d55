// Shared by the pooling kernels: the geometry of windows on an image.
#pragma once

#include <algorithm>
#include <cstdint>

#include <tapestry/kernels/reduction/gather_sums.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::kernels {

/// The windows along one axis of an image. Tap t of window o is at pixel o · stride − padding + t · dilation; taps
/// outside [0, in) are ignored. Preconditions: sizes and padding ≥ 0; kernel, stride and dilation ≥ 1.
///
/// On an adaptive axis window o covers the pixels from ⌊o · in / out⌋ to before ⌈(o + 1) · in / out⌉; then `kernel` is
/// the size of the largest window, `padding` is 0, `dilation` is 1 and `stride` is only a hint.
struct Pool2dAxis {
  std::int64_t in, out;
  std::int64_t kernel, stride, padding, dilation;
  bool is_adaptive = false;
};

/// Images are channels-last: x[n][h][w][c].
struct Pool2dGeometry {
  std::int64_t batch, channels;
  Pool2dAxis rows, columns;
};

/// The taps [first, last) of a window that lie inside the image (none if first ≥ last), and the pixel of tap 0, which
/// may lie outside.
struct Taps {
  std::int64_t origin, first, last;
};

inline Taps taps_on_image(const Pool2dAxis& axis, std::int64_t window) {
  if (axis.is_adaptive) {
    const std::int64_t begin = window * axis.in / axis.out;
    return {.origin = begin, .first = 0, .last = ((window + 1) * axis.in + axis.out - 1) / axis.out - begin};
  }
  const std::int64_t origin = window * axis.stride - axis.padding;
  // The first tap at or after `pixel`; windows inside the image avoid the divisions.
  const auto tap_from = [&](std::int64_t pixel) { return (pixel - origin + axis.dilation - 1) / axis.dilation; };
  const bool ends_inside = origin + (axis.kernel - 1) * axis.dilation < axis.in;
  return {
      .origin = origin, .first = origin >= 0 ? 0 : tap_from(0), .last = ends_inside ? axis.kernel : tap_from(axis.in)};
}

/// The pixels of one window as element offsets in an image: the first one and the steps between them.
struct WindowPixels {
  std::int64_t first;
  std::int64_t rows, row_step;
  std::int64_t columns, column_step;
};

inline WindowPixels pixels_of(const Pool2dGeometry& g, const Taps& rows, const Taps& columns) {
  const std::int64_t row = rows.origin + rows.first * g.rows.dilation;
  const std::int64_t column = columns.origin + columns.first * g.columns.dilation;
  return {.first = (row * g.columns.in + column) * g.channels,
          .rows = rows.last - rows.first,
          .row_step = g.rows.dilation * g.columns.in * g.channels,
          .columns = columns.last - columns.first,
          .column_step = g.columns.dilation * g.channels};
}

/// The distance in elements from a pixel to its counterpart in the next row of windows, or 0 if that row is not
/// entirely inside the image. Loops prefetch by it, because image rows are too short for the hardware prefetcher.
inline std::int64_t next_row_of_windows(const Pool2dGeometry& g, const Taps& rows) {
  const std::int64_t last_row = rows.origin + (rows.last - 1) * g.rows.dilation;
  return g.rows.stride < g.rows.in - last_row ? g.rows.stride * g.columns.in * g.channels : 0;
}

/// Calls `body(window, tap)` for every window with a tap on `pixel`, in ascending order.
template <class Body>
void for_each_window_over(const Pool2dAxis& axis, std::int64_t pixel, const Body& body) {
  if (axis.is_adaptive) {
    const std::int64_t past = ((pixel + 1) * axis.out + axis.in - 1) / axis.in;
    for (std::int64_t window = pixel * axis.out / axis.in; window < past; ++window)
      body(window, pixel - window * axis.in / axis.out);
    return;
  }
  const std::int64_t end = pixel + axis.padding;
  const std::int64_t begin = end - (axis.kernel - 1) * axis.dilation;
  const std::int64_t last = std::min(axis.out - 1, end / axis.stride);
  for (std::int64_t window = begin <= 0 ? 0 : (begin + axis.stride - 1) / axis.stride; window <= last; ++window) {
    const std::int64_t distance = end - window * axis.stride;
    if (distance % axis.dilation == 0) body(window, distance / axis.dilation);
  }
}

/// Calls `body(image, row of windows, row of windows counted through all images)` for every row of windows, in
/// parallel.
template <class Body>
void for_window_rows(const Pool2dGeometry& g, const Body& body) {
  parallel_each(g.batch * g.rows.out, g.columns.out * g.channels,
                [&](std::int64_t row) { body(row / g.rows.out, row % g.rows.out, row); });
}

/// The maximum number of windows over a position.
inline std::int64_t windows_over_pixel(const Pool2dAxis& axis) {
  if (axis.is_adaptive) return axis.in == 0 ? 0 : axis.out / axis.in + 2;
  return std::min(axis.out, (axis.kernel + axis.stride - 1) / axis.stride);
}

/// dx = 0, then `add(window row, tap row, window row counted through all images, row of dx)` for every row of windows
/// that has a tap on the row, in ascending order. Each row of dx gathers its own sum, so that no two threads write to
/// the same location; rows of many terms are rows of doubles.
template <class T, class Add>
void gather_window_rows(const Pool2dGeometry& g, T* dx, const Add& add) {
  const std::int64_t row_size = g.columns.in * g.channels;
  const std::int64_t terms = windows_over_pixel(g.rows) * windows_over_pixel(g.columns);
  parallel_each(g.batch * g.rows.in, row_size, [&](std::int64_t row) {
    gather_sums(terms, row_size, dx + row * row_size, [&](auto* sums) {
      const std::int64_t first = row / g.rows.in * g.rows.out;
      for_each_window_over(g.rows, row % g.rows.in,
                           [&](std::int64_t window, std::int64_t tap) { add(window, tap, first + window, sums); });
    });
  });
}

}  // namespace tapestry::kernels
