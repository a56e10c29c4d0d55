#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/nn/blocks/detail/block_parts.hpp>
#include <tapestry/nn/blocks/pre_act_block.hpp>

namespace tapestry::nn {

PreActBlock::PreActBlock(const Options& options)
    : bn1_(add("bn1", BatchNormRelu2d({.num_features = options.in_channels}))),
      conv1_(add("conv1", detail::conv3x3(options.in_channels, options.out_channels, options.stride))),
      bn2_(add("bn2", BatchNormRelu2d({.num_features = options.out_channels}))),
      conv2_(add("conv2", detail::conv3x3(options.out_channels, options.out_channels))) {
  if (options.stride == 1 && options.in_channels == options.out_channels) return;
  downsample_ = &add("downsample", detail::conv1x1(options.in_channels, options.out_channels, options.stride));
}

Tensor PreActBlock::forward(const Tensor& x) {
  // Statements of their own: then what came before a layer is gone when the next needs memory.
  Tensor y = bn1_(x);
  const Tensor shortcut = downsample_ != nullptr ? (*downsample_)(y) : x;
  y = conv1_(y);
  y = bn2_(y);
  y = conv2_(y);
  return y + shortcut;
}

}  // namespace tapestry::nn
