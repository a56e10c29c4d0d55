// Checks of first and second derivatives against finite differences, and other checks of operators.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/gradcheck.hpp>
#include <tapestry/autograd/tensor.hpp>

#include "core/generate.hpp"
#include "kernels/execution.hpp"

namespace tapestry::testing {

/// For functions that are linear in each input: a difference over any distance is exact except for rounding, so a
/// step of 1 and much smaller tolerances can be used. An output is a sum of at most 64 products no larger than 2, with
/// an error of no more than 64 · 128 · 2⁻⁵³ = 9e-13; a perturbed element is part of at most 100 outputs, whose errors
/// add up to 9e-11.
inline constexpr GradcheckOptions linear_in_each = {.step = 1, .atol = 1e-10, .rtol = 1e-11};

inline std::string describe(const std::vector<Array>& inputs) {
  std::string text = "inputs";
  for (const Array& input : inputs) text += " " + to_string(input);
  return text;
}

/// Requires gradcheck and gradgradcheck. With their usual step h = 1e-6 and sums up to 100, differences are off by
/// rounding of 2⁻⁵³ · 100 / h = 1e-8, the usual `atol`, and by h² / 6 = 2e-13 times the third derivative.
inline void require_gradients(const CheckedFunction& function, const std::vector<Array>& inputs,
                              const GradcheckOptions& options = {}) {
  INFO(describe(inputs));
  // On a shared machine, thousands of tiny operators would spend their time waiting for threads.
  const ThreadCount one(1);
  const GradcheckResult first = gradcheck(function, inputs, options);
  INFO(first.message);
  REQUIRE(first.ok);
  const GradcheckResult second = gradgradcheck(function, inputs, options);
  INFO(second.message);
  REQUIRE(second.ok);
}

/// The value of a function and its gradients with respect to all inputs (zeros where there is none) for a random
/// gradient of the output.
struct Evaluation {
  Array value;
  std::vector<Array> gradients;
};

inline Evaluation evaluate(
    const CheckedFunction& function, const std::vector<Array>& inputs,
    const std::function<Array(const Array&)>& change_seed = [](const Array& seed) { return seed; },
    const BackwardOptions& options = {}) {
  std::vector<Tensor> leaves;
  for (const Array& input : inputs) leaves.push_back(Tensor(input).set_requires_grad());
  const Tensor output = function(leaves);
  const Array seed = change_seed(Generator(99).reals(output.shape()).to(DType::f32).to(output.dtype()));
  Evaluation result{.value = output.array(), .gradients = {}};
  const auto gradients = grad(output, leaves, seed, options);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    result.gradients.push_back(gradients[i].defined() ? gradients[i].array()
                                                      : Array::zeros(inputs[i].shape(), inputs[i].dtype()));
  }
  return result;
}

inline void require_close(const Evaluation& got, const Evaluation& wanted, double tolerance) {
  require_close(got.value, wanted.value, tolerance);
  for (std::size_t i = 0; i < wanted.gradients.size(); ++i) {
    INFO("gradient of input " << i);
    require_close(got.gradients[i], wanted.gradients[i], tolerance);
  }
}

/// Requires that inputs without elements give a result of `shape` and that their gradients are zeros in the shapes of
/// the inputs.
inline void require_works_on_empty(const CheckedFunction& function, const std::vector<Array>& inputs,
                                   const Shape& shape) {
  const Evaluation result = evaluate(function, inputs);
  REQUIRE(result.value.shape() == shape);
  for (std::size_t i = 0; i < inputs.size(); ++i)
    require_equal(result.gradients[i], Array::zeros(inputs[i].shape(), inputs[i].dtype()));
}

/// Constants and leaves.
inline Array f32(const Shape& shape, const std::vector<float>& values) {
  return Array::from(shape, values);
}
inline Array f64(const Shape& shape, const std::vector<double>& values) {
  return Array::from(shape, values);
}
inline Array zeros(const Shape& shape, DType dtype = DType::f32) {
  return Array::zeros(shape, dtype);
}
inline Tensor leaf(const Array& value) {
  return Tensor(value).set_requires_grad();
}

}  // namespace tapestry::testing
