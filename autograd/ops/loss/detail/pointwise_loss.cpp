#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/loss/detail/pointwise_loss.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry::detail {

void check_same_shape(std::string_view operation, const Tensor& input, const Tensor& target) {
  check_same_floating(operation, input, target);
  if (input.shape() != target.shape()) {
    throw ShapeError(fmt::format("{}: expected an input and a target of the same shape, got {} and {}", operation,
                                 to_string(input.shape()), to_string(target.shape())));
  }
}

std::optional<double> reduction_scale(std::string_view operation, const Shape& shape, Reduction reduction) {
  if (reduction == Reduction::none) return {};
  if (reduction == Reduction::sum) return 1;
  if (shape.numel() == 0)
    throw ValueError(fmt::format("{}: cannot take the mean of no elements (input {})", operation, to_string(shape)));
  return 1 / static_cast<double>(shape.numel());
}

}  // namespace tapestry::detail
