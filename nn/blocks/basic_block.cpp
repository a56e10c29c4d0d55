#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/nn/blocks/basic_block.hpp>

namespace tapestry::nn {

Tensor BasicBlock::forward(const Tensor& x) const {
  Tensor y = relu(bn1_(conv1_(x)));
  y = bn2_(conv2_(y));
  const Tensor shortcut = downsample_ != nullptr ? (*downsample_)(x) : x;
  return relu(y + shortcut);
}

}  // namespace tapestry::nn
