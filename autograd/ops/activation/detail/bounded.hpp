// Arguments of activations kept away from infinity. For .cpp files.
#pragma once

#include <tapestry/autograd/ops/arithmetic/comparison.hpp>

namespace tapestry::detail {

/// x within [−limit, limit], NaN as it is. For derivatives that have reached their limits there: an infinite x would
/// lead to 0 · ∞.
inline Tensor bounded(const Tensor& x, double limit) {
  return where(gt(x, limit), limit, where(lt(x, -limit), -limit, x));
}

}  // namespace tapestry::detail
