// A gradient times constant weights.
#pragma once

#include <tapestry/autograd/tensor.hpp>

namespace tapestry::detail {

/// x · weights, elementwise and of one shape, where a weight of 0 gives 0 even for what is not finite: how a gradient
/// goes to what was chosen and not to what was not.
Tensor weigh(const Tensor& x, const Array& weights);

}  // namespace tapestry::detail
