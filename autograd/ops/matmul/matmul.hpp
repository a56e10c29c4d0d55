// Matrix products. Batched and small products use OpenBLAS, others the kernels of 1×1 convolutions.
#pragma once

#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// The matrix product over the last two axes; leading axes are batch axes, which broadcast. A vector is treated as a
/// row if it is `a` and as a column if it is `b`, and its axis of size 1 is dropped from the result.
///
/// Shapes: a (…, M, K), b (…, K, N) → (…, M, N); (K), (K) → (); (K), (…, K, N) → (…, N); (…, M, K), (K) → (…, M).
/// Throws: ShapeError for a scalar, inner sizes that differ, or leading axes that do not broadcast; DTypeError unless
/// both are of one floating dtype.
/// Source: PyTorch's `torch.matmul`.
/// Example: matmul(Array::full({5, 2, 3}, 2), Array::full({3, 4}, 1)).array().at({4, 1, 3}) == 6
Tensor matmul(const Tensor& a, const Tensor& b);

/// x · weightᵀ + bias over the last axis of x; without a bias if it is undefined.
///
/// Shapes: x (…, in_features), weight (out_features, in_features), bias (out_features) → (…, out_features).
/// Throws: ShapeError when the shapes do not match; DTypeError unless all are of one floating dtype.
/// Source: PyTorch's `torch.nn.functional.linear`.
/// Example: linear(Array::full({5, 3}, 2), Array::full({4, 3}, 1), Array::full({4}, 1)).array().at({4, 3}) == 7
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

/// yₒ = x₁ᵀ · weightₒ · x₂ + biasₒ over the last axes of x₁ and x₂; without a bias if it is undefined.
///
/// Shapes: x1 (…, in1_features), x2 (…, in2_features), weight (out_features, in1_features, in2_features), bias
/// (out_features) → (…, out_features); the leading axes of x1 and x2 are the same.
/// Throws: ShapeError when the shapes do not match; DTypeError unless all are of one floating dtype.
/// Source: PyTorch's `torch.nn.functional.bilinear`.
/// Example: bilinear(Array::full({5, 2}, 2), Array::full({5, 3}, 3), Array::full({4, 2, 3}, 1)).array().at({4, 3}) ==
/// 36
Tensor bilinear(const Tensor& x1, const Tensor& x2, const Tensor& weight, const Tensor& bias = {});

}  // namespace tapestry
