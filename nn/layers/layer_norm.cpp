#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/nn/layers/layer_norm.hpp>

namespace tapestry::nn {

LayerNorm::LayerNorm(const Options& options) : options_(options) {
  check_eps("LayerNorm", options.eps);
  check_normalized_shape("LayerNorm", options.normalized_shape);
  if (!options.elementwise_affine) return;
  weight_ = add_parameter("weight", Array::full(options.normalized_shape, 1));
  if (options.bias) bias_ = add_parameter("bias", Array::zeros(options.normalized_shape));
}

Tensor LayerNorm::forward(const Tensor& x) const {
  return layer_norm(x, options_.normalized_shape, weight_, bias_, options_.eps);
}

}  // namespace tapestry::nn
