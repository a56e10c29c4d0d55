#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/models/detail/residual_stages.hpp>
#include <tapestry/models/preact_resnet.hpp>
#include <tapestry/nn/blocks/pre_act_block.hpp>

namespace tapestry::models {
namespace {

nn::Sequential pre_act_stage(std::int64_t in, std::int64_t out, std::int64_t blocks, std::int64_t stride) {
  return detail::stage<nn::PreActBlock>({.in_channels = in, .out_channels = out, .stride = stride}, blocks);
}

}  // namespace

PreActResNet::PreActResNet(const Options& options)
    : options_(options),
      layer1_(add("layer1", pre_act_stage(64, 64, options.blocks[0], 1))),
      layer2_(add("layer2", pre_act_stage(64, 128, options.blocks[1], 2))),
      layer3_(add("layer3", pre_act_stage(128, 256, options.blocks[2], 2))),
      layer4_(add("layer4", pre_act_stage(256, 512, options.blocks[3], 2))),
      fc_(add("fc", nn::Linear({.in_features = 512, .out_features = options.classes}))) {
  detail::fill_convolutions(*this);
}

Tensor PreActResNet::forward(const Tensor& x) const {
  const Tensor y = layer4_(layer3_(layer2_(layer1_(conv1_(x)))));
  return fc_(flatten(global_avg_pool2d(relu(norm_(y))), 1));
}

}  // namespace tapestry::models
