#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/nn/blocks/pre_act_block.hpp>

namespace tapestry::nn {

Tensor PreActBlock::forward(const Tensor& x) const {
  const Tensor a = relu(bn1_(x));
  const Tensor shortcut = downsample_ != nullptr ? (*downsample_)(a) : x;
  return conv2_(relu(bn2_(conv1_(a)))) + shortcut;
}

}  // namespace tapestry::nn
