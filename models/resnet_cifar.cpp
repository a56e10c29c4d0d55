#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/models/detail/residual_stages.hpp>
#include <tapestry/models/resnet_cifar.hpp>
#include <tapestry/nn/blocks/basic_block.hpp>

namespace tapestry::models {
namespace {

nn::Sequential cifar_stage(std::int64_t in, std::int64_t out, std::int64_t blocks, std::int64_t stride) {
  return detail::stage<nn::BasicBlock>({.in_channels = in, .out_channels = out, .stride = stride}, blocks);
}

}  // namespace

ResNetCifar::ResNetCifar(std::int64_t blocks_per_stage, std::int64_t classes)
    : layer1_(add("layer1", cifar_stage(16, 16, blocks_per_stage, 1))),
      layer2_(add("layer2", cifar_stage(16, 32, blocks_per_stage, 2))),
      layer3_(add("layer3", cifar_stage(32, 64, blocks_per_stage, 2))),
      fc_(add("fc", nn::Linear({.in_features = 64, .out_features = classes}))) {
  detail::fill_convolutions(*this);
}

Tensor ResNetCifar::forward(const Tensor& x) const {
  Tensor y = relu(bn1_(conv1_(x)));
  y = layer3_(layer2_(layer1_(y)));
  return fc_(flatten(global_avg_pool2d(y), 1));
}

}  // namespace tapestry::models
