#include <tapestry/nn/blocks/conv_norm_relu2d.hpp>

namespace tapestry::nn {

ConvNormRelu2d::ConvNormRelu2d(const Options& options)
    : conv_(add("conv", Conv2d({.in_channels = options.in_channels,
                                .out_channels = options.out_channels,
                                .kernel_size = options.kernel_size,
                                .stride = options.stride,
                                .padding = options.padding,
                                .bias = false}))),
      bn_(add("bn", BatchNormRelu2d({.num_features = options.out_channels, .eps = options.eps}))) {}

Tensor ConvNormRelu2d::forward(const Tensor& x) {
  return bn_(conv_(x));
}

}  // namespace tapestry::nn
