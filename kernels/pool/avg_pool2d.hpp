// Average pooling over raw memory, and its adjoint. T is float or double.
#pragma once

#include <tapestry/kernels/pool/pool2d.hpp>

namespace tapestry::kernels {

/// The divisor of a window's sum: `fixed` unless that is 0; otherwise the number of the window's pixels inside the
/// image or, with `count_include_pad`, inside the image or its padding.
struct AvgPool2dDivisor {
  bool count_include_pad;
  std::int64_t fixed;
};

/// y = the sum of every window, divided by its divisor. Every window must contain a pixel.
template <class T>
void avg_pool2d(const Pool2dGeometry& geometry, const AvgPool2dDivisor& divisor, const T* x, T* y);

/// dx[pixel] = Σ dy / divisor over the windows that cover it.
template <class T>
void avg_pool2d_adjoint(const Pool2dGeometry& geometry, const AvgPool2dDivisor& divisor, const T* dy, T* dx);

}  // namespace tapestry::kernels
