#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/models/detail/residual_stages.hpp>
#include <tapestry/models/resnet.hpp>
#include <tapestry/nn/blocks/basic_block.hpp>
#include <tapestry/nn/blocks/bottleneck.hpp>

namespace tapestry::models {
namespace {

nn::Conv2d first_convolution(ImageSize images) {
  if (images == ImageSize::small) return nn::conv3x3(3, 64);
  return nn::Conv2d({.in_channels = 3, .out_channels = 64, .kernel_size = 7, .stride = 2, .padding = 3, .bias = false});
}

/// Channels of a stage: four times as many if it consists of bottlenecks.
std::int64_t channels(const ResNet::Options& options, std::int64_t basic_channels) {
  return options.bottlenecks ? 4 * basic_channels : basic_channels;
}

nn::Sequential stage(const ResNet::Options& options, std::size_t number) {
  const std::int64_t out = channels(options, std::int64_t{64} << number);
  const std::int64_t in = number == 0 ? 64 : out / 2;
  const std::int64_t stride = number == 0 ? 1 : 2;
  if (!options.bottlenecks) {
    return detail::stage<nn::BasicBlock>({.in_channels = in, .out_channels = out, .stride = stride},
                                         options.blocks[number]);
  }
  return detail::stage<nn::Bottleneck>({.in_channels = in,
                                        .out_channels = out,
                                        .stride = stride,
                                        .groups = options.bottlenecks->groups,
                                        .base_width = options.bottlenecks->base_width},
                                       options.blocks[number]);
}

}  // namespace

ResNet::ResNet(const Options& options)
    : options_(options),
      conv1_(add("conv1", first_convolution(options.images))),
      layer1_(add("layer1", stage(options, 0))),
      layer2_(add("layer2", stage(options, 1))),
      layer3_(add("layer3", stage(options, 2))),
      layer4_(add("layer4", stage(options, 3))),
      fc_(add("fc", nn::Linear({.in_features = channels(options, 512), .out_features = options.classes}))) {
  detail::fill_convolutions(*this);
}

Tensor ResNet::forward(const Tensor& x) const {
  Tensor y = relu(bn1_(conv1_(x)));
  if (options_.images == ImageSize::large) y = max_pool2d(y, {.kernel_size = 3, .stride = 2, .padding = 1});
  y = layer4_(layer3_(layer2_(layer1_(y))));
  return fc_(flatten(global_avg_pool2d(y), 1));
}

}  // namespace tapestry::models
