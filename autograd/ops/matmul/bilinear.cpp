#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {

// One linear operator applied to the products of all pairs of features.
Tensor bilinear(const Tensor& x1, const Tensor& x2, const Tensor& weight, const Tensor& bias) {
  detail::check_same_floating("bilinear", x1, weight);
  detail::check_same_floating("bilinear", x2, weight);
  detail::check_rank("bilinear", "a weight (out_features, in1_features, in2_features)", weight, 3);
  const bool is_matched = x1.rank() > 0 && x1.rank() == x2.rank() && x1.shape().with(-1, 1) == x2.shape().with(-1, 1);
  if (!is_matched) {
    throw ShapeError(fmt::format("bilinear: expected inputs that differ only along their last axis, got {} and {}",
                                 to_string(x1.shape()), to_string(x2.shape())));
  }
  if (x1.size(-1) != weight.size(1) || x2.size(-1) != weight.size(2)) {
    throw ShapeError(
        fmt::format("bilinear: expected {} and {} input features (weight {}), got {} and {} (inputs {} and {})",
                    weight.size(1), weight.size(2), to_string(weight.shape()), x1.size(-1), x2.size(-1),
                    to_string(x1.shape()), to_string(x2.shape())));
  }
  detail::check_bias("bilinear", weight, bias);
  const Tensor pairs = flatten(unsqueeze(x1, -1) * unsqueeze(x2, -2), -2, -1);
  return linear(pairs, flatten(weight, 1), bias);
}

}  // namespace tapestry
