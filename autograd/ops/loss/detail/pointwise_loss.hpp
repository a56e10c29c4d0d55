// Elementwise losses of an input and a target. For .cpp files.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/reduce.hpp>

namespace tapestry::detail {

/// `Rule` has a name, the loss value(x, t) of two numbers, and its derivatives by_input and by_target, of numbers and
/// of tensors. With a scale the losses are summed and multiplied by it, so that the backward pass needs a single pass
/// over the elements as well.
template <class Rule>
struct PointwiseLoss {
  static constexpr std::string_view name = Rule::name;
  Rule rule_;
  std::optional<double> scale_;
  SavedTensor input_ = {}, target_ = {};

  Array forward(const Tensor& input, const Tensor& target) {
    input_ = SavedTensor(input);
    target_ = SavedTensor(target);
    const Array losses = map_floating(name, input, target, [rule = rule_](auto x, auto t) { return rule.value(x, t); });
    if (!scale_) return losses;
    return Array::scalar(sum_to(losses, {}).item() * *scale_, input.dtype());
  }

  std::vector<Array> backward(const Array& gradient, const Wanted& wanted) const {
    return {wanted[0] ? times(gradient, [rule = rule_](auto x, auto t) { return rule.by_input(x, t); }) : Array(),
            wanted[1] ? times(gradient, [rule = rule_](auto x, auto t) { return rule.by_target(x, t); }) : Array()};
  }

  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    const Tensor factor = scale_ ? gradient * *scale_ : gradient;
    const Tensor x = input_.tensor();
    const Tensor t = target_.tensor();
    return {wanted[0] ? rule_.by_input(x, t) * factor : Tensor(),
            wanted[1] ? rule_.by_target(x, t) * factor : Tensor()};
  }

 private:
  template <class Derivative>
  Array times(const Array& gradient, const Derivative& derivative) const {
    if (scale_) {
      const double factor = gradient.item() * *scale_;
      return map_floating(name, input_.array(), target_.array(), [&derivative, factor](auto x, auto t) {
        return static_cast<decltype(x)>(factor) * derivative(x, t);
      });
    }
    const Array slopes = map_floating(name, input_.array(), target_.array(), derivative);
    return map_floating(name, slopes, gradient, [](auto slope, auto g) { return slope * g; });
  }
};

/// Throws a ShapeError or DTypeError naming `operation` unless both have the same shape and floating dtype.
void check_same_shape(std::string_view operation, const Tensor& input, const Tensor& target);

/// The scale of a PointwiseLoss over the given number of elements. Throws a ValueError for a mean of no elements.
std::optional<double> reduction_scale(std::string_view operation, const Shape& shape, Reduction reduction);

template <class Rule>
Tensor pointwise_loss(const Rule& rule, const Tensor& input, const Tensor& target, Reduction reduction) {
  check_same_shape(Rule::name, input, target);
  const auto scale = reduction_scale(Rule::name, input.shape(), reduction);
  return record(PointwiseLoss<Rule>{.rule_ = rule, .scale_ = scale}, input, target);
}

}  // namespace tapestry::detail
