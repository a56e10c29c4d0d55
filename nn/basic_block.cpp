
#include <tapestry/nn/basic_block.hpp>
#include <tapestry/nn/batch_norm2d.hpp>

namespace tapestry::nn {
namespace {

Conv2d conv3x3(std::int64_t in, std::int64_t out, std::int64_t stride) {
  return Conv2d(
      {.in_channels = in, .out_channels = out, .kernel_size = 3, .stride = stride, .padding = 1, .bias = false});
}

}  // namespace

BasicBlock::BasicBlock(const Options& options)
    : conv1_(add("conv1", conv3x3(options.in_channels, options.out_channels, options.stride))),
      bn1_(add("bn1", BatchNormRelu2d({.num_features = options.out_channels}))),
      conv2_(add("conv2", conv3x3(options.out_channels, options.out_channels, 1))),
      bn2_(add("bn2", BatchNormAddRelu2d({.num_features = options.out_channels}))) {
  if (options.stride == 1 && options.in_channels == options.out_channels) return;
  const Conv2d::Options projection = {.in_channels = options.in_channels,
                                      .out_channels = options.out_channels,
                                      .kernel_size = 1,
                                      .stride = options.stride,
                                      .bias = false};
  downsample_ = &add("downsample", Sequential(Conv2d(projection), BatchNorm2d({.num_features = options.out_channels})));
}

Tensor BasicBlock::forward(const Tensor& x) {
  Tensor y = bn1_(conv1_(x));
  y = conv2_(y);  // a statement of its own: then the first half is gone when the norm needs memory
  return bn2_(y, downsample_ != nullptr ? (*downsample_)(x) : x);
}

}  // namespace tapestry::nn
