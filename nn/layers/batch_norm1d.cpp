#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/batch_norm1d.hpp>

namespace tapestry::nn {

Tensor BatchNorm1d::forward(const Tensor& x) const {
  if (x.rank() != 2 && x.rank() != 3) {
    throw ShapeError(fmt::format("BatchNorm1d: expected an input (N, C) or (N, C, L), got {}", to_string(x.shape())));
  }
  return batch_normalized(x);
}

}  // namespace tapestry::nn
