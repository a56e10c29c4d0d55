// Checks shared by the tests of blocks.
#pragma once

#include <string>
#include <vector>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/module.hpp>

#include "autograd/generate.hpp"

namespace tapestry::testing {

inline std::vector<std::string> parameter_names(const nn::ModuleBase& module) {
  std::vector<std::string> names;
  for (const auto& entry : module.named_parameters()) names.push_back(entry.name);
  return names;
}

/// A block in f64 whose norms and biases do not have their initial values.
template <class Block>
Block block_in_f64(const typename Block::Options& options) {
  manual_seed(1);
  Block block(options);
  block.to(DType::f64);
  Generator made_up(2);
  for (const Tensor& parameter : block.parameters()) {
    if (parameter.rank() == 1) Array(parameter.array()).copy_from(made_up.reals(parameter.shape(), 0.5, 1.5));
  }
  return block;
}

/// Batch norm with the statistics of the batch.
inline Tensor batch_normalized(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return batch_norm(x, {}, {}, weight, bias, {.training = true});
}

/// Compares the gradients of a module's parameters with central differences of ⟨direction, module(x)⟩. There are fewer
/// than 1000 outputs of order 1, so the error of the sum is below 1e-13 and that of the difference over 2e-6 below
/// 1e-7; the truncation error is the square of the step.
inline void require_parameter_gradients(nn::Module& module, const Array& x) {
  const Tensor y = module(x);
  const Array direction = Generator(3).reals(y.shape());
  for (Tensor& parameter : module.parameters()) parameter.set_grad({});
  sum(y * direction).backward();
  const auto projected = [&] {
    const NoGradGuard no_grad;
    return sum(module(x) * direction).item();
  };
  constexpr double step = 1e-6;
  for (const auto& [name, parameter] : module.named_parameters()) {
    INFO(name);
    REQUIRE(parameter.grad().defined());
    const auto analytic = parameter.grad().array().to_vector<double>();
    Array values = parameter.array();
    REQUIRE(values.format() == MemoryFormat::row_major);
    for (std::int64_t i = 0; i < values.numel(); ++i) {
      const double value = values.data<double>()[i];
      values.mutable_data<double>()[i] = value + step;
      const double above = projected();
      values.mutable_data<double>()[i] = value - step;
      const double below = projected();
      values.mutable_data<double>()[i] = value;
      const double numeric = (above - below) / (2 * step);
      INFO("element " << i << ": " << analytic[static_cast<std::size_t>(i)] << " against " << numeric);
      REQUIRE(std::abs(analytic[static_cast<std::size_t>(i)] - numeric) <= 1e-7 + 1e-6 * std::abs(numeric));
    }
  }
}

/// Requires correct gradients of both orders for the input, and of first order for every parameter, in training and in
/// evaluation.
inline void require_block_gradients(nn::Module& module, const Array& x) {
  for (const bool training : {true, false}) {
    INFO("training " << training);
    module.train(training);
    require_gradients([&](const std::vector<Tensor>& at) { return module(at[0]); }, {x});
    require_parameter_gradients(module, x);
  }
}

}  // namespace tapestry::testing
