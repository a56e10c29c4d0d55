// What the pooling kernels share: how windows lie on an image.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tapestry::kernels {

/// The windows along one axis of an image. Window o has its tap t at pixel o · stride − padding + t · dilation; taps
/// that fall outside [0, in) do not count. Preconditions: sizes and padding ≥ 0, kernel, stride and dilation ≥ 1.
struct Pool2dAxis {
  std::int64_t in, out;
  std::int64_t kernel, stride, padding, dilation;
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
  const std::int64_t origin = window * axis.stride - axis.padding;
  // The first pixel of a tap from `pixel` on; windows inside the image are spared the divisions.
  const auto tap_from = [&](std::int64_t pixel) { return (pixel - origin + axis.dilation - 1) / axis.dilation; };
  const bool ends_inside = origin + (axis.kernel - 1) * axis.dilation < axis.in;
  return {
      .origin = origin, .first = origin >= 0 ? 0 : tap_from(0), .last = ends_inside ? axis.kernel : tap_from(axis.in)};
}

/// Calls `body(window, tap)` for every window that covers a pixel, in rising order, with the tap that does.
template <class Body>
void for_each_window_over(const Pool2dAxis& axis, std::int64_t pixel, const Body& body) {
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
