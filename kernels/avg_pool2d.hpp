// Average pooling over raw memory, and its adjoint. T is float or double.
#pragma once

#include <tapestry/kernels/pool2d.hpp>

namespace tapestry::kernels {

/// y = the sum of every window over its divisor. The divisor is the number of the window's pixels; with
/// `count_include_pad` that of its cells which lie on the image or in the padding around it. Every window must hold a
/// pixel.
template <class T>
void avg_pool2d(const Pool2dGeometry& geometry, bool count_include_pad, const T* x, T* y);

/// dx[pixel] = Σ dy / divisor over the windows that cover it.
template <class T>
void avg_pool2d_adjoint(const Pool2dGeometry& geometry, bool count_include_pad, const T* dy, T* dx);

}  // namespace tapestry::kernels
