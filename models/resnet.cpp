#include <tapestry/autograd/ops/pooling.hpp>
#include <tapestry/autograd/ops/shape.hpp>
#include <tapestry/models/residual_stages.hpp>
#include <tapestry/models/resnet.hpp>

namespace tapestry::models {
namespace {

nn::Conv2d first_convolution(ResNetStem stem) {
  if (stem == ResNetStem::small_images) {
    return nn::Conv2d({.in_channels = 3, .out_channels = 64, .kernel_size = 3, .padding = 1, .bias = false});
  }
  return nn::Conv2d({.in_channels = 3, .out_channels = 64, .kernel_size = 7, .stride = 2, .padding = 3, .bias = false});
}

}  // namespace

ResNet::ResNet(const Options& options)
    : pools_(options.stem == ResNetStem::large_images),
      conv1_(add("conv1", first_convolution(options.stem))),
      bn1_(add("bn1", nn::BatchNormRelu2d({.num_features = 64}))),
      layer1_(add("layer1", detail::basic_stage(64, 64, options.blocks[0], 1))),
      layer2_(add("layer2", detail::basic_stage(64, 128, options.blocks[1], 2))),
      layer3_(add("layer3", detail::basic_stage(128, 256, options.blocks[2], 2))),
      layer4_(add("layer4", detail::basic_stage(256, 512, options.blocks[3], 2))),
      fc_(add("fc", nn::Linear({.in_features = 512, .out_features = options.classes}))) {
  detail::fill_convolutions(*this);
}

Tensor ResNet::forward(const Tensor& x) {
  Tensor y = bn1_(conv1_(x));
  if (pools_) y = max_pool2d(y, {.kernel_size = 3, .stride = 2, .padding = 1});
  y = layer4_(layer3_(layer2_(layer1_(y))));
  return fc_(flatten(global_avg_pool2d(y), 1));
}

}  // namespace tapestry::models
