#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/nn/layers/rms_norm.hpp>

namespace tapestry::nn {

RMSNorm::RMSNorm(const Options& options) : options_(options) {
  if (options.eps) check_eps("RMSNorm", *options.eps);
  check_normalized_shape("RMSNorm", options.normalized_shape);
  if (options.elementwise_affine) weight_ = add_parameter("weight", Array::full(options.normalized_shape, 1));
}

Tensor RMSNorm::forward(const Tensor& x) const {
  return rms_norm(x, options_.normalized_shape, weight_, options_.eps);
}

}  // namespace tapestry::nn
