// Matrix products, through OpenBLAS.
#pragma once

#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// (M, K) · (K, N) → (M, N). Throws a ShapeError when the inner sizes differ, a DTypeError unless both are of one
/// floating dtype.
Tensor matmul(const Tensor& a, const Tensor& b);

/// x · weightᵀ + bias: x (N, in_features), weight (out_features, in_features), bias (out_features) or undefined
/// → (N, out_features). Throws a ShapeError when they do not fit, a DTypeError unless all are of one floating
/// dtype.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

}  // namespace tapestry
