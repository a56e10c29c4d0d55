#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/nn/blocks/inception.hpp>
#include <tapestry/nn/layers/pooling.hpp>

namespace tapestry::nn {

ConvNormRelu2d basic_conv2d(std::int64_t in_channels, std::int64_t out_channels, std::int64_t kernel_size,
                            std::int64_t stride) {
  return ConvNormRelu2d({.in_channels = in_channels,
                         .out_channels = out_channels,
                         .kernel_size = kernel_size,
                         .stride = stride,
                         .padding = kernel_size / 2,
                         .eps = 0.001});
}

Inception::Inception(const Options& options)
    : options_(options),
      branch1_(add("branch1", basic_conv2d(options.in_channels, options.ch1x1, 1))),
      branch2_(add("branch2", sequential({basic_conv2d(options.in_channels, options.ch3x3red, 1),
                                          basic_conv2d(options.ch3x3red, options.ch3x3, 3)}))),
      branch3_(add("branch3", sequential({basic_conv2d(options.in_channels, options.ch5x5red, 1),
                                          basic_conv2d(options.ch5x5red, options.ch5x5, 3)}))),
      branch4_(add("branch4", sequential({MaxPool2d({.kernel_size = 3, .stride = 1, .padding = 1}),
                                          basic_conv2d(options.in_channels, options.pool_proj, 1)}))) {}

Tensor Inception::forward(const Tensor& x) const {
  return cat({branch1_(x), branch2_(x), branch3_(x), branch4_(x)}, 1);
}

}  // namespace tapestry::nn
