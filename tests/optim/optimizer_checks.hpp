// Checks shared by the tests of optimizers.
#pragma once

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/optim/optimizer.hpp>

#include "core/generate.hpp"
#include "kernels/execution.hpp"

namespace tapestry::testing {

inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
inline constexpr double infinite = std::numeric_limits<double>::infinity();

/// A parameter with generated f64 values.
inline Tensor made_up_parameter(const Shape& shape, std::uint64_t seed) {
  return Tensor(Generator(seed).reals(shape)).set_requires_grad();
}

/// The gradient that the tests give a parameter of `shape` before step `step`.
inline Array made_up_gradient(const Shape& shape, int step) {
  return Generator(100 + static_cast<std::uint64_t>(step)).reals(shape);
}

/// One element of a parameter with its optimizer state.
struct Element {
  double value;
  double first = 0;   ///< velocity, or mean of the gradient
  double second = 0;  ///< mean of the squared gradient
};

/// Steps an optimizer and, element by element, a plain update rule; requires the same values after each step, up to the
/// rounding errors of a few operations in double.
inline void compare_with_loop(optim::Optimizer& optimizer, Tensor parameter, int steps,
                              const std::function<void(Element&, double gradient, int step)>& rule) {
  std::vector<Element> elements;
  for (const double value : parameter.array().to_vector<double>()) elements.push_back({.value = value});
  for (int step = 1; step <= steps; ++step) {
    const Array gradient = made_up_gradient(parameter.shape(), step);
    parameter.set_grad(gradient);
    optimizer.step();
    const auto g = gradient.to_vector<double>();
    std::vector<double> wanted;
    for (std::size_t i = 0; i < elements.size(); ++i) {
      rule(elements[i], g[i], step);
      wanted.push_back(elements[i].value);
    }
    INFO("step " << step);
    require_close(parameter.array(), Array::from(parameter.shape(), wanted), 1e-13);
  }
}

/// Requires the same bits of a parameter of several pieces after three steps, at any number of threads.
inline void require_same_at_any_thread_count(const std::function<void(const Tensor& parameter)>& three_steps) {
  const ThreadCount one(1);
  const auto run = [&](int threads) {
    set_num_threads(threads);
    const Tensor parameter = made_up_parameter({50'000}, 9).array().to(DType::f32);
    three_steps(parameter);
    return parameter.array();
  };
  const Array single = run(1);
  for (const int threads : {2, 3, 4, 8}) require_equal(run(threads), single);
}

/// Sets the parameter's gradient in f32 and steps, three times.
inline void take_three_steps(optim::Optimizer& optimizer, Tensor parameter) {
  for (int step = 1; step <= 3; ++step) {
    parameter.set_grad(made_up_gradient(parameter.shape(), step).to(DType::f32));
    optimizer.step();
  }
}

}  // namespace tapestry::testing
