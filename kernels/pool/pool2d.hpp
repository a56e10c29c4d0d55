// What the pooling kernels share: how windows lie on an image.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tapestry::kernels {

/// The windows along one axis of an image. Window o has its tap t at pixel o · stride − padding + t · dilation; taps
/// that fall outside [0, in) do not count. Preconditions: sizes and padding ≥ 0, kernel, stride and dilation ≥ 1.
///
/// On an adaptive axis window o covers the pixels from ⌊o · in / out⌋ to before ⌈(o + 1) · in / out⌉; then `kernel` is
/// the size of the largest window, `padding` is 0, `dilation` is 1 and `stride` only a hint.
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

/// The taps [first, last) of a window that lie on the image (none when first ≥ last), and the pixel of tap 0, which may
/// lie outside.
struct Taps {
  std::int64_t origin, first, last;
};

inline Taps taps_on_image(const Pool2dAxis& axis, std::int64_t window) {
  if (axis.is_adaptive) {
    const std::int64_t begin = window * axis.in / axis.out;
    return {.origin = begin, .first = 0, .last = ((window + 1) * axis.in + axis.out - 1) / axis.out - begin};
  }
  const std::int64_t origin = window * axis.stride - axis.padding;
  // The first pixel of a tap from `pixel` on; windows inside the image are spared the divisions.
  const auto tap_from = [&](std::int64_t pixel) { return (pixel - origin + axis.dilation - 1) / axis.dilation; };
  const bool ends_inside = origin + (axis.kernel - 1) * axis.dilation < axis.in;
  return {
      .origin = origin, .first = origin >= 0 ? 0 : tap_from(0), .last = ends_inside ? axis.kernel : tap_from(axis.in)};
}

/// The pixels of one window, as elements of an image: the first, and the steps from one to the next.
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

/// How many elements after a pixel the next row of windows has its own, or 0 when that is not all on the image. Loops
/// fetch them early: rows of an image are short, and a processor does not foresee the next.
inline std::int64_t next_row_of_windows(const Pool2dGeometry& g, const Taps& rows) {
  const std::int64_t last_row = rows.origin + (rows.last - 1) * g.rows.dilation;
  return g.rows.stride < g.rows.in - last_row ? g.rows.stride * g.columns.in * g.channels : 0;
}

/// Calls `body(window, tap)` for every window that covers a pixel, in rising order, with the tap that does.
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

/// How many rows of `row_size` elements make a piece of work.
inline std::int64_t rows_per_piece(std::int64_t row_size) {
  return 1 + (std::int64_t{1} << 14) / (row_size + 1);
}

}  // namespace tapestry::kernels
