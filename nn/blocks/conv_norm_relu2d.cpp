#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/nn/blocks/conv_norm_relu2d.hpp>

namespace tapestry::nn {

Tensor ConvNormRelu2d::forward(const Tensor& x) const {
  return relu(bn_(conv_(x)));
}

}  // namespace tapestry::nn
