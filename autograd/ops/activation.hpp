// Activation functions. Floating types only.
#pragma once

#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// max(x, 0), elementwise; NaN stays NaN. The derivative at 0 is 0.
Tensor relu(const Tensor& x);

/// e^{xᵢ} / Σⱼ e^{xⱼ} along an axis, computed with the maximum subtracted, so that no finite input overflows.
Tensor softmax(const Tensor& x, int axis = -1);

/// ln softmax(x) along an axis: xᵢ − max x − ln Σⱼ e^{xⱼ − max x}.
Tensor log_softmax(const Tensor& x, int axis = -1);

}  // namespace tapestry
