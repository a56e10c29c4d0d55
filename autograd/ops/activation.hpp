// Activation functions. Floating types only.
#pragma once

#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// max(x, 0), elementwise; NaN stays NaN. The derivative at 0 is 0.
///
/// Shapes: x of any shape → the same.
/// Throws: DTypeError unless x is floating.
/// Source: Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines", 2010.
/// Example: relu(Array::from<float>({3}, {-1, 0, 2})).array().to_vector<float>() == std::vector<float>{0, 0, 2}
Tensor relu(const Tensor& x);

/// e^{xᵢ} / Σⱼ e^{xⱼ} along an axis, computed with the maximum subtracted, so that no finite input overflows.
///
/// Shapes: x of rank 1 or more → the same.
/// Throws: ShapeError for an axis that is not there, DTypeError unless x is floating.
/// Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990.
/// Example: softmax(Array::zeros({2, 4})).array().at({1, 3}) == 0.25
Tensor softmax(const Tensor& x, int axis = -1);

/// ln softmax(x) along an axis: xᵢ − max x − ln Σⱼ e^{xⱼ − max x}.
///
/// Shapes: x of rank 1 or more → the same.
/// Throws: ShapeError for an axis that is not there, DTypeError unless x is floating.
/// Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990.
/// Example: log_softmax(Array::zeros({2, 1})).array().at({1, 0}) == 0
Tensor log_softmax(const Tensor& x, int axis = -1);

}  // namespace tapestry
