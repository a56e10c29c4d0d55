#include <fmt/format.h>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/models/lenet5.hpp>

namespace tapestry::models {
namespace {

Tensor average_halved(const Tensor& x) {
  return avg_pool2d(x, {.kernel_size = 2});
}

}  // namespace

Tensor LeNet5::forward(const Tensor& x) const {
  if (x.rank() != 4 || x.shape() != Shape{x.size(0), options_.in_channels, 32, 32}) {
    throw ShapeError(
        fmt::format("LeNet5: expected images (N, {}, 32, 32), got {}", options_.in_channels, to_string(x.shape())));
  }
  const Tensor s2 = average_halved(tanh(c1_(x)));
  const Tensor s4 = average_halved(tanh(c3_(s2)));
  return output_(tanh(f6_(flatten(tanh(c5_(s4)), 1))));
}

}  // namespace tapestry::models
