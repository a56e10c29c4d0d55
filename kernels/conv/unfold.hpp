// im2col and col2im: the windows of images as columns, and the adjoint. Row-major memory.
#pragma once

#include <tapestry/kernels/conv/conv2d.hpp>

namespace tapestry::kernels {

/// columns[n·c][r][s][i][j] = x[n·c][i·stride + r·dilation − pad][j·… + s·… − …], or 0 outside the image, for
/// `in_channels` planes per image; ignores the geometry's out_channels and groups.
template <class T>
void unfold(const Conv2dGeometry& geometry, const T* x, T* columns);

/// The adjoint: every pixel is the sum of its occurrences in the columns, in the order r, s.
template <class T>
void fold(const Conv2dGeometry& geometry, const T* columns, T* x);

}  // namespace tapestry::kernels
