// Convolution 3×3 by Winograd's algorithms (winograd_transforms-inl.hpp): at stride 1 F(4×4, 3×3), a quarter of the
// multiplications of the definition, at stride 2 nine sixteenths. Arguments as in conv2d.hpp; f32 only.
//
// The rounding error of a result is about twice that of a plain sum: with 64 channels of normally distributed values
// its root mean square is below 1e-6 of that of the results, and below 5e-7 for a plain sum. A nonfinite value would
// spread over its whole tile; such tiles are recomputed by the definition.
#pragma once

#include <cstddef>

#include <tapestry/kernels/conv/conv2d.hpp>

namespace tapestry::kernels::winograd {

/// True for convolutions that these passes can compute: 3×3, stride 1 or 2 along both axes, dilation 1, one group, no
/// more than two pixels of padding on any side.
bool can_compute(const Conv2dGeometry& geometry);

/// The size of the workspace of a pass in bytes.
std::size_t workspace(const Conv2dGeometry& geometry, Conv2dPass pass);

void forward(const Conv2dGeometry& geometry, const float* x, const float* weight, const float* bias,
             const Epilogue<float>& store, float* y, void* workspace);
void input_gradient(const Conv2dGeometry& geometry, const float* dy, const float* weight, const float* bias,
                    const Epilogue<float>& store, float* dx, void* workspace);
void weight_gradient(const Conv2dGeometry& geometry, const float* x, const float* dy, float* dweight, void* workspace);

}  // namespace tapestry::kernels::winograd
