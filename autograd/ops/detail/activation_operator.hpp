// Activation operators that kernels can apply as part of an epilogue. For .cpp files.
#pragma once

#include <string_view>
#include <utility>

#include <tapestry/autograd/detail/lazy_activation_gradient.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry::detail {

/// The gradient of a piecewise linear activation: linear in the incoming gradient and independent of x within a piece,
/// so that its derivative is itself.
template <class Definition>
struct PiecewiseGradient {
  static constexpr std::string_view name = Definition::gradient_name;
  Definition definition_;
  SavedTensor saved_;

  Tensor forward(const Tensor& gradient) const {
    return Tensor(make_lazy<LazyActivationGradient>(name, gradient, saved_.value(), Definition::saves_output,
                                                    definition_.activation()));
  }
  Tensor backward(const Tensor& gradient) const {
    return record(PiecewiseGradient{definition_, SavedTensor(saved_.value())}, gradient);
  }
};

/// `Definition` has a `name`, the `backward_name` of its gradient in profiles, `saves_output` (true when backward needs
/// the result rather than x), and `activation()`. A piecewise linear activation has a `gradient_name`; any other has
/// `gradient(g, saved)`, the gradient made of operators.
template <class Definition>
struct ActivationOperator {
  static constexpr std::string_view name = Definition::name;
  Definition definition_;
  SavedTensor saved_ = {};

  Tensor forward(const Tensor& x) {
    check_floating(name, x);
    if (!Definition::saves_output && x.requires_grad() && grad_enabled()) saved_ = SavedTensor(x);
    Tensor y = lazy_activation(name, x, definition_.activation());
    if (Definition::saves_output) saved_ = SavedTensor::output(y);
    return y;
  }

  Tensor backward(const Tensor& gradient) const {
    if (!grad_enabled()) {
      return Tensor(make_lazy<LazyActivationGradient>(Definition::backward_name, gradient, saved_.value(),
                                                      Definition::saves_output, definition_.activation()));
    }
    if constexpr (requires { Definition::gradient_name; }) {
      return record(PiecewiseGradient<Definition>{definition_, SavedTensor(saved_.value())}, gradient);
    } else {
      return definition_.gradient(gradient, saved_.tensor());
    }
  }
};

template <class Definition>
Tensor record_activation(Definition definition, const Tensor& x) {
  return record(ActivationOperator<Definition>{std::move(definition)}, x);
}

}  // namespace tapestry::detail
