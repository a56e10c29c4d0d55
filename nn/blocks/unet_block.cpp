#include <tapestry/nn/blocks/detail/block_parts.hpp>
#include <tapestry/nn/blocks/unet_block.hpp>

namespace tapestry::nn {

UNetBlock::UNetBlock(const Options& options)
    : conv1_(add("0", detail::conv3x3(options.in_channels, options.out_channels))),
      norm1_(add("1", BatchNormRelu2d({.num_features = options.out_channels}))),
      conv2_(add("3", detail::conv3x3(options.out_channels, options.out_channels))),
      norm2_(add("4", BatchNormRelu2d({.num_features = options.out_channels}))) {}

Tensor UNetBlock::forward(const Tensor& x) {
  Tensor y = norm1_(conv1_(x));
  y = conv2_(y);  // a statement of its own: then the first half is gone when the norm needs memory
  return norm2_(y);
}

}  // namespace tapestry::nn
