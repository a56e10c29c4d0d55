#include <tapestry/nn/blocks/depthwise_separable_conv.hpp>

namespace tapestry::nn {

DepthwiseSeparableConv::DepthwiseSeparableConv(const Options& options)
    : depthwise_(add("depthwise", Conv2d({.in_channels = options.in_channels,
                                          .out_channels = options.in_channels,
                                          .kernel_size = options.kernel_size,
                                          .stride = options.stride,
                                          .padding = options.padding,
                                          .groups = options.in_channels,
                                          .bias = false}))),
      pointwise_(add("pointwise", Conv2d({.in_channels = options.in_channels,
                                          .out_channels = options.out_channels,
                                          .kernel_size = 1,
                                          .bias = options.bias}))) {}

Tensor DepthwiseSeparableConv::forward(const Tensor& x) {
  return pointwise_(depthwise_(x));
}

}  // namespace tapestry::nn
