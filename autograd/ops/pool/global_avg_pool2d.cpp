#include <tapestry/autograd/ops/pool/detail/pool_geometry.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>

namespace tapestry {

Tensor global_avg_pool2d(const Tensor& x) {
  detail::check_images("global_avg_pool2d", x);
  return mean(x, {2, 3}, true);
}

}  // namespace tapestry
