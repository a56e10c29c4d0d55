#include <tapestry/nn/blocks/basic_block.hpp>
#include <tapestry/nn/blocks/detail/block_parts.hpp>

namespace tapestry::nn {

BasicBlock::BasicBlock(const Options& options)
    : conv1_(add("conv1", detail::conv3x3(options.in_channels, options.out_channels, options.stride))),
      bn1_(add("bn1", BatchNormRelu2d({.num_features = options.out_channels}))),
      conv2_(add("conv2", detail::conv3x3(options.out_channels, options.out_channels))),
      bn2_(add("bn2", BatchNormAddRelu2d({.num_features = options.out_channels}))) {
  if (options.stride == 1 && options.in_channels == options.out_channels) return;
  downsample_ = &add("downsample", detail::projection(options.in_channels, options.out_channels, options.stride));
}

Tensor BasicBlock::forward(const Tensor& x) {
  // The shortcut first: then backward comes to it last and adds its few pixels to the gradient of the other
  // convolution.
  const Tensor shortcut = downsample_ != nullptr ? (*downsample_)(x) : x;
  Tensor y = bn1_(conv1_(x));
  y = conv2_(y);  // a statement of its own: then the first half is gone when the norm needs memory
  return bn2_(y, shortcut);
}

}  // namespace tapestry::nn
