// Convolution, its input gradient (which is a transposed convolution) and its weight gradient, for a geometry that has
// been checked. All three are linear in both operands, and the derivatives of each are the other two: the family is
// closed, so gradients of every order are convolutions again.
#pragma once

#include <tapestry/autograd/tensor.hpp>
#include <tapestry/kernels/conv/conv2d.hpp>

namespace tapestry::detail {

/// x (N, C, H, W), weight (K, C / groups, kh, kw), bias (K) or undefined → (N, K, H′, W′).
Tensor convolve(const kernels::Conv2dGeometry& geometry, const Tensor& x, const Tensor& weight, const Tensor& bias);

/// dy (N, K, H′, W′), weight (K, C / groups, kh, kw), bias (C) or undefined → (N, C, H, W).
Tensor convolve_transposed(const kernels::Conv2dGeometry& geometry, const Tensor& dy, const Tensor& weight,
                           const Tensor& bias);

/// The same without a bias, as the backward of `convolve`.
Tensor convolution_input_gradient(const kernels::Conv2dGeometry& geometry, const Tensor& dy, const Tensor& weight);

/// x (N, C, H, W), dy (N, K, H′, W′) → (K, C / groups, kh, kw).
Tensor convolution_weight_gradient(const kernels::Conv2dGeometry& geometry, const Tensor& x, const Tensor& dy);

}  // namespace tapestry::detail
