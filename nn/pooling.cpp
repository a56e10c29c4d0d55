#include <tapestry/core/error.hpp>
#include <tapestry/nn/pooling.hpp>

namespace tapestry::nn {

Tensor MaxUnpool2d::forward(const Tensor&) {
  throw ValueError("MaxUnpool2d: called without indices\nhint: pass those of max_pool2d_with_indices");
}

}  // namespace tapestry::nn
