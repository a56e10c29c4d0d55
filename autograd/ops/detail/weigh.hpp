// A gradient times constant weights.
#pragma once

#include <tapestry/autograd/tensor.hpp>

namespace tapestry::detail {

/// x · weights, elementwise and of equal shapes, where a weight of 0 gives 0 even if x is not finite. Routes a gradient
/// to selected elements only.
Tensor weigh(const Tensor& x, const Array& weights);

}  // namespace tapestry::detail
