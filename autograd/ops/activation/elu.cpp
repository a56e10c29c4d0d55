// elu and selu: x where x > 0, an exponential elsewhere.
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/arithmetic/comparison.hpp>
#include <tapestry/autograd/ops/detail/vector_elementwise.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry {
namespace {

constexpr std::string_view elu_name = "elu", selu_name = "selu";

/// min(x, 0)
constexpr auto below = [](auto x) { return x > 0 ? decltype(x){0} : x; };

/// scale · x where x > 0, scale · alpha · (eˣ − 1) elsewhere.
template <const std::string_view& label>
struct ExponentialUnit {
  static constexpr std::string_view name = label;
  double alpha_;
  double scale_;
  SavedTensor x_ = {};

  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    return detail::map_through(
        name, x, detail::expm1_in_vectors, below, [alpha = alpha_, scale = scale_](auto value, auto power) {
          using T = decltype(value);
          return (value > 0 ? value : T{0}) * static_cast<T>(scale) + power * static_cast<T>(scale * alpha);
        });
  }

  Array backward(const Array& gradient) const {
    return detail::map_through(name, gradient, x_.array(), detail::exp_in_vectors, below,
                               [alpha = alpha_, scale = scale_](auto g, auto x, auto power) {
                                 using T = decltype(x);
                                 const T slope = static_cast<T>(scale * alpha) * power;
                                 return g * (x > 0 ? static_cast<T>(scale) : slope);
                               });
  }
  Tensor backward(const Tensor& gradient) const {
    const Tensor x = x_.tensor();
    const Array is_above = gt(x, 0);
    // Without large x, so that the exponential does not overflow where it is not used.
    const Tensor curve = (scale_ * alpha_) * exp(where(is_above, 0, x));
    return gradient * where(is_above, scale_, curve);
  }
};

}  // namespace

Tensor elu(const Tensor& x, const EluOptions& options) {
  return record(ExponentialUnit<elu_name>{.alpha_ = options.alpha, .scale_ = 1}, x);
}

Tensor selu(const Tensor& x) {
  return record(ExponentialUnit<selu_name>{.alpha_ = 1.6732632423543772848170429916717,
                                           .scale_ = 1.0507009873554804934193349852946},
                x);
}

}  // namespace tapestry
