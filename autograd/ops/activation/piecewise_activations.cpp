// Piecewise activations: relu, relu6, leaky_relu, hardsigmoid and hardswish.
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/activation/detail/bounded.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/arithmetic/comparison.hpp>
#include <tapestry/autograd/ops/detail/activation_operator.hpp>

namespace tapestry {
namespace {

using kernels::Activation;
using kernels::ActivationKind;

struct Relu {
  static constexpr std::string_view name = "relu";
  static constexpr std::string_view backward_name = "backward of relu";
  static constexpr std::string_view gradient_name = "relu_gradient";
  static constexpr bool saves_output = true;
  Activation activation() const { return {ActivationKind::relu}; }
};

struct Relu6 {
  static constexpr std::string_view name = "relu6";
  static constexpr std::string_view backward_name = "backward of relu6";
  static constexpr std::string_view gradient_name = "relu6_gradient";
  static constexpr bool saves_output = true;
  Activation activation() const { return {ActivationKind::relu6}; }
};

struct LeakyRelu {
  static constexpr std::string_view name = "leaky_relu";
  static constexpr std::string_view backward_name = "backward of leaky_relu";
  static constexpr std::string_view gradient_name = "leaky_relu_gradient";
  static constexpr bool saves_output = false;
  double slope_;
  Activation activation() const { return {ActivationKind::leaky_relu, slope_}; }
};

struct Hardsigmoid {
  static constexpr std::string_view name = "hardsigmoid";
  static constexpr std::string_view backward_name = "backward of hardsigmoid";
  static constexpr std::string_view gradient_name = "hardsigmoid_gradient";
  static constexpr bool saves_output = false;
  Activation activation() const { return {ActivationKind::hardsigmoid}; }
};

struct Hardswish {
  static constexpr std::string_view name = "hardswish";
  static constexpr std::string_view backward_name = "backward of hardswish";
  static constexpr bool saves_output = false;
  Activation activation() const { return {ActivationKind::hardswish}; }

  Tensor gradient(const Tensor& g, const Tensor& x) const {
    return where(le(x, -3), 0, where(ge(x, 3), g, g * (detail::bounded(x, 3) / 3 + 0.5)));
  }
};

}  // namespace

Tensor relu(const Tensor& x) {
  return detail::record_activation(Relu{}, x);
}

Tensor relu6(const Tensor& x) {
  return detail::record_activation(Relu6{}, x);
}

Tensor leaky_relu(const Tensor& x, const LeakyReluOptions& options) {
  return detail::record_activation(LeakyRelu{.slope_ = options.negative_slope}, x);
}

Tensor hardsigmoid(const Tensor& x) {
  return detail::record_activation(Hardsigmoid{}, x);
}

Tensor hardswish(const Tensor& x) {
  return detail::record_activation(Hardswish{}, x);
}

}  // namespace tapestry
