#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/pointwise_loss.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace detail {

void check_same_shape(std::string_view operation, const Tensor& input, const Tensor& target) {
  check_same_floating(operation, input, target);
  if (input.shape() != target.shape()) {
    throw ShapeError(fmt::format("{}: expected an input and a target of one shape, got {} and {}", operation,
                                 to_string(input.shape()), to_string(target.shape())));
  }
}

std::optional<double> reduction_scale(std::string_view operation, const Shape& shape, Reduction reduction) {
  if (reduction == Reduction::none) return {};
  if (reduction == Reduction::sum) return 1;
  if (shape.numel() == 0)
    throw ValueError(fmt::format("{}: the mean of no elements (input {})", operation, to_string(shape)));
  return 1 / static_cast<double>(shape.numel());
}

}  // namespace detail

namespace {

struct Square {
  static constexpr std::string_view name = "mse_loss";

  template <class T>
  T value(T x, T t) const {
    return (x - t) * (x - t);
  }
  template <class V>
  V by_input(const V& x, const V& t) const {
    return (x - t) * 2;
  }
  template <class V>
  V by_target(const V& x, const V& t) const {
    return (t - x) * 2;
  }
};

}  // namespace

Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction) {
  return detail::pointwise_loss(Square{}, input, target, reduction);
}

}  // namespace tapestry
