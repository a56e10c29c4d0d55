#include <fmt/format.h>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/models/lenet5.hpp>

namespace tapestry::models {
namespace {

nn::Conv2d conv5x5(std::int64_t in, std::int64_t out) {
  return nn::Conv2d({.in_channels = in, .out_channels = out, .kernel_size = 5});
}

Tensor halved(const Tensor& x) {
  return avg_pool2d(x, {.kernel_size = 2});
}

}  // namespace

LeNet5::LeNet5(const Options& options)
    : in_channels_(options.in_channels),
      c1_(add("c1", conv5x5(options.in_channels, 6))),
      c3_(add("c3", conv5x5(6, 16))),
      c5_(add("c5", conv5x5(16, 120))),
      f6_(add("f6", nn::Linear({.in_features = 120, .out_features = 84}))),
      output_(add("output", nn::Linear({.in_features = 84, .out_features = options.classes}))) {}

Tensor LeNet5::forward(const Tensor& x) {
  if (x.rank() != 4 || x.shape() != Shape{x.size(0), in_channels_, 32, 32}) {
    throw ShapeError(
        fmt::format("LeNet5: expected images (N, {}, 32, 32), got {}", in_channels_, to_string(x.shape())));
  }
  const Tensor s2 = halved(tanh(c1_(x)));
  const Tensor s4 = halved(tanh(c3_(s2)));
  return output_(tanh(f6_(flatten(tanh(c5_(s4)), 1))));
}

}  // namespace tapestry::models
