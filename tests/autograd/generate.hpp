// What every operator is held to: gradients of first and second order against differences, float32 against float64, and
// the same results in either memory format.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/gradcheck.hpp>
#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/threads.hpp>

#include "core/generate.hpp"

namespace tapestry::testing {

/// For functions that are linear in each input: a difference over any distance is exact but for rounding, so that a
/// step of 1 and far smaller tolerances serve. An output is a sum of at most 64 products no larger than 2, with an
/// error of no more than 64 · 128 · 2⁻⁵³ = 9e-13; a nudged element is part of at most 100 outputs, whose errors add up
/// to 9e-11.
inline constexpr GradcheckOptions linear_in_each = {.step = 1, .atol = 1e-10, .rtol = 1e-11};

inline std::string describe(const std::vector<Array>& inputs) {
  std::string text = "inputs";
  for (const Array& input : inputs) text += " " + to_string(input);
  return text;
}

/// Computes with one thread while it lives: thousands of tiny operators, on a machine that others use too, spend their
/// time waiting for threads. Results do not depend on it.
class OneThread {
 public:
  OneThread() : before_(num_threads()) { set_num_threads(1); }
  ~OneThread() { set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

/// Requires gradcheck and gradgradcheck. With their usual step h = 1e-6 and sums up to 100, differences are off by
/// rounding of 2⁻⁵³ · 100 / h = 1e-8, the usual `atol`, and by h² / 6 = 2e-13 times the third derivative.
inline void require_gradients(const CheckedFunction& function, const std::vector<Array>& inputs,
                              const GradcheckOptions& options = {}) {
  INFO(describe(inputs));
  const OneThread alone;
  const GradcheckResult first = gradcheck(function, inputs, options);
  INFO(first.message);
  REQUIRE(first.ok);
  const GradcheckResult second = gradgradcheck(function, inputs, options);
  INFO(second.message);
  REQUIRE(second.ok);
}

/// The value of a function and its gradients with respect to all inputs (zeros where there is none) for one made-up
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

/// Requires that f32 gives what f64 gives for the same numbers, but for rounding.
inline void require_same_in_f32(const CheckedFunction& function, const std::vector<Array>& inputs, double tolerance) {
  std::vector<Array> single, same_in_double;
  for (const Array& input : inputs) {
    single.push_back(input.to(DType::f32));
    same_in_double.push_back(single.back().to(DType::f64));
  }
  INFO("f32 against f64, " << describe(inputs));
  Evaluation wanted = evaluate(function, same_in_double);
  wanted.value = wanted.value.to(DType::f32);
  for (Array& gradient : wanted.gradients) gradient = gradient.to(DType::f32);
  require_close(evaluate(function, single), wanted, tolerance);
}

/// Requires that inputs in channels-last memory, all or one of them, give the same as in row-major memory.
inline void require_same_in_channels_last(const CheckedFunction& function, const std::vector<Array>& inputs,
                                          double tolerance) {
  INFO("channels-last, " << describe(inputs));
  const Evaluation wanted = evaluate(function, inputs);
  std::vector<Array> all;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    all.push_back(in_channels_last(inputs[i]));
    std::vector<Array> one = inputs;
    one[i] = all.back();
    require_close(evaluate(function, one), wanted, tolerance);
  }
  require_close(evaluate(function, all), wanted, tolerance);
}

struct OperatorCheck {
  GradcheckOptions gradients = {};
  /// A few roundings of 6e-8 each, one after the other.
  double f32_tolerance = 1e-6;
  /// 0 where the order of summation does not depend on the format.
  double format_tolerance = 0;
};

/// All of the above.
inline void require_operator(const CheckedFunction& function, const std::vector<Array>& inputs,
                             const OperatorCheck& check = {}) {
  require_gradients(function, inputs, check.gradients);
  require_same_in_f32(function, inputs, check.f32_tolerance);
  require_same_in_channels_last(function, inputs, check.format_tolerance);
}

/// Requires that inputs without elements give a result of `shape` and that gradients come back: zeros, in the shapes of
/// the inputs.
inline void require_works_on_nothing(const CheckedFunction& function, const std::vector<Array>& inputs,
                                     const Shape& shape) {
  const Evaluation result = evaluate(function, inputs);
  REQUIRE(result.value.shape() == shape);
  for (std::size_t i = 0; i < inputs.size(); ++i)
    require_equal(result.gradients[i], Array::zeros(inputs[i].shape(), inputs[i].dtype()));
}

/// A constant or leaf of type f32 of the values.
inline Array f32(const Shape& shape, const std::vector<float>& values) {
  return Array::from(shape, values);
}
inline Array f64(const Shape& shape, const std::vector<double>& values) {
  return Array::from(shape, values);
}
inline Tensor leaf(const Array& value) {
  return Tensor(value).set_requires_grad();
}

}  // namespace tapestry::testing
