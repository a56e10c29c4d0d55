#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/nn/layers/layer_norm.hpp>

namespace tapestry::nn {

LayerNorm::LayerNorm(const Options& options) : normalized_shape_(options.normalized_shape), eps_(options.eps) {
  check_eps("LayerNorm", eps_);
  check_normalized_shape("LayerNorm", normalized_shape_);
  if (!options.elementwise_affine) return;
  weight_ = add_parameter("weight", Array::full(normalized_shape_, 1));
  if (options.bias) bias_ = add_parameter("bias", Array::zeros(normalized_shape_));
}

Tensor LayerNorm::forward(const Tensor& x) const {
  return layer_norm(x, normalized_shape_, weight_, bias_, eps_);
}

}  // namespace tapestry::nn
