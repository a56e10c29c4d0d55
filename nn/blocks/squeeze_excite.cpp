#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/nn/blocks/squeeze_excite.hpp>

namespace tapestry::nn {

SqueezeExcite::SqueezeExcite(const Options& options)
    : fc1_(add("fc1",
               ConvRelu2d(
                   {.in_channels = options.in_channels, .out_channels = options.squeeze_channels, .kernel_size = 1}))),
      fc2_(add(
          "fc2",
          Conv2d({.in_channels = options.squeeze_channels, .out_channels = options.in_channels, .kernel_size = 1}))) {}

Tensor SqueezeExcite::forward(const Tensor& x) {
  return x * sigmoid(fc2_(fc1_(global_avg_pool2d(x))));
}

}  // namespace tapestry::nn
