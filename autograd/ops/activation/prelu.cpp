#include <fmt/format.h>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/arithmetic/comparison.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

/// Requires a weight that broadcasts to x.
struct Prelu {
  static constexpr std::string_view name = "prelu";
  SavedTensor x_ = {}, weight_ = {};

  Array forward(const Tensor& x, const Tensor& weight) {
    x_ = SavedTensor(x);
    weight_ = SavedTensor(weight);
    return detail::map_floating(name, x, weight, [](auto value, auto w) {
      using T = decltype(value);
      // A sum of two selections, because selecting between two products would compile to a branch.
      return (value > 0 ? value : T{0}) + w * (value > 0 ? T{0} : value);
    });
  }

  std::vector<Array> backward(const Array& gradient, const Wanted& wanted) const {
    const Array& x = x_.array();
    const Array& weight = weight_.array();
    Array dx, dweight;
    if (wanted[0]) {
      const Array slopes =
          detail::map_floating(name, x, weight, [](auto value, auto w) { return value > 0 ? decltype(w){1} : w; });
      dx = (Tensor(gradient) * slopes).array();
    }
    if (wanted[1]) {
      const Array terms = detail::map_floating(
          name, x, gradient, [](auto value, auto g) { return g * (value > 0 ? decltype(g){0} : value); });
      dweight = sum_to(Tensor(terms), weight.shape()).array();
    }
    return {dx, dweight};
  }
  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    const Tensor x = x_.tensor();
    const Tensor weight = weight_.tensor();
    const Array is_above = gt(x, 0);
    return {wanted[0] ? where(is_above, gradient, gradient * weight) : Tensor(),
            wanted[1] ? sum_to(gradient * where(is_above, 0, x), weight.shape()) : Tensor()};
  }
};

}  // namespace

Tensor prelu(const Tensor& x, const Tensor& weight) {
  detail::check_same_floating("prelu", x, weight);
  const int axis = x.rank() > 1 ? 1 : 0;
  const std::int64_t channels = x.rank() == 0 ? 1 : x.size(axis);
  if (weight.rank() != 1 || (weight.size(0) != 1 && weight.size(0) != channels)) {
    throw ShapeError(fmt::format("prelu: expected a weight of shape [1] or [{}] (input {}), got {}", channels,
                                 to_string(x.shape()), to_string(weight.shape())));
  }
  if (x.rank() == 0) return record(Prelu{}, x, squeeze(weight, 0));
  if (x.rank() == 1 || weight.size(0) == 1) return record(Prelu{}, x, weight);
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(x.rank() - 1), 1);
  sizes.front() = channels;
  return record(Prelu{}, x, reshape(weight, Shape(sizes)));
}

}  // namespace tapestry
