// Maximum pooling over raw memory. The location of a window's maximum is stored as its tap, row · kernel width + column
// within the window. Tap is std::uint8_t (windows of at most 256 cells) or std::int64_t; T is float or double.
#pragma once

#include <cstdint>

#include <tapestry/kernels/pool/pool2d.hpp>

namespace tapestry::kernels {

/// The maximum of every window and its tap: the first NaN if there is one, else the first maximum. Every window must
/// contain a pixel.
template <class T, class Tap>
void max_pool2d(const Pool2dGeometry& geometry, const T* x, T* y, Tap* taps);

/// dx = 0, then dx[pixel of the tap] += dy for every window.
template <class T, class Tap>
void max_pool2d_scatter(const Pool2dGeometry& geometry, const T* dy, const Tap* taps, T* dx);

/// y = x[pixel of the tap] for every window: the adjoint of `max_pool2d_scatter`.
template <class T, class Tap>
void max_pool2d_gather(const Pool2dGeometry& geometry, const T* x, const Tap* taps, T* y);

/// The pixel of every tap as row · width + column of the image.
template <class Tap>
void max_pool2d_indices(const Pool2dGeometry& geometry, const Tap* taps, std::int64_t* indices);

}  // namespace tapestry::kernels
