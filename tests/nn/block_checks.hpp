// Checks shared by the tests of blocks.
#pragma once

#include <string>
#include <vector>

#include <tapestry/autograd/ops/norm/normalization.hpp>
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

/// Requires gradcheck of a module's parameters.
inline void require_parameter_gradients(nn::Module& module, const Array& x) {
  const ThreadCount one(1);
  const GradcheckResult result = gradcheck([&] { return module(x); }, module.parameters());
  INFO(result.message);
  REQUIRE(result.ok);
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
