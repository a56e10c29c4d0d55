#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/nn/layers/rms_norm.hpp>

namespace tapestry::nn {

RMSNorm::RMSNorm(const Options& options) : normalized_shape_(options.normalized_shape), eps_(options.eps) {
  if (eps_) check_eps("RMSNorm", *eps_);
  check_normalized_shape("RMSNorm", normalized_shape_);
  if (options.elementwise_affine) weight_ = add_parameter("weight", Array::full(normalized_shape_, 1));
}

Tensor RMSNorm::forward(const Tensor& x) const {
  return rms_norm(x, normalized_shape_, weight_, eps_);
}

}  // namespace tapestry::nn
