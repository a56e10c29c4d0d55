#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>

namespace tapestry::nn {

Tensor BatchNorm2d::forward(const Tensor& x) const {
  if (x.rank() != 4) {
    throw ShapeError(fmt::format("BatchNorm2d: expected an input (N, C, H, W), got {}", to_string(x.shape())));
  }
  return batch_normalized(x);
}

}  // namespace tapestry::nn
