// Training steps on generated images, for the tests of models.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/core/threads.hpp>
#include <tapestry/nn/module.hpp>
#include <tapestry/optim/sgd.hpp>

#include "core/generate.hpp"
#include "kernels/execution.hpp"

namespace tapestry::testing {

/// Images as from the loader: f32 in channels-last memory format.
inline Array made_up_images(std::int64_t count) {
  return Generator(1).reals({count, 3, 32, 32}).to(DType::f32).contiguous(MemoryFormat::channels_last);
}

/// Labels 0, 1, …, 9, 0, …
inline Array made_up_labels(std::int64_t count) {
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < count; ++i) labels.push_back(i % 10);
  return Array::from({count}, labels);
}

/// The total number of parameters.
inline std::int64_t parameter_count(const nn::Module& model) {
  std::int64_t count = 0;
  for (const Tensor& parameter : model.parameters()) count += parameter.numel();
  return count;
}

/// Requires that the state dict of a model has these names.
inline void require_entries(const nn::Module& model, const std::vector<std::string>& names) {
  const nn::StateDict state = model.state_dict();
  for (const std::string& name : names) {
    INFO(name);
    REQUIRE(std::any_of(state.begin(), state.end(), [&](const auto& entry) { return entry.first == name; }));
  }
}

/// Requires a nonzero gradient of every parameter for the loss of generated images of this shape.
inline void require_gradients_everywhere(nn::Module& model, const Shape& images, const Array& labels) {
  cross_entropy(model(Generator(1).reals(images).to(DType::f32)), labels).backward();
  for (const auto& [name, parameter] : model.named_parameters()) {
    INFO(name);
    REQUIRE(parameter.grad().defined());
    const auto values = values_of(parameter.grad().array());
    REQUIRE(std::any_of(values.begin(), values.end(), [](double value) { return value != 0; }));
  }
}

/// Trains a model, made by `make` after setting the seed, for some steps; returns the losses and the final state dict.
template <class Make>
std::pair<std::vector<double>, nn::StateDict> train_made_up(const Make& make, std::uint64_t seed, int steps,
                                                            std::int64_t batch) {
  manual_seed(seed);
  auto model = make();
  optim::Sgd optimizer(model.parameters(), {.lr = 0.05, .momentum = 0.9, .weight_decay = 5e-4, .nesterov = true});
  const Array images = made_up_images(batch);
  const Array labels = made_up_labels(batch);
  std::vector<double> losses;
  for (int step = 0; step < steps; ++step) {
    optimizer.zero_grad();
    const Tensor loss = cross_entropy(model(images), labels);
    losses.push_back(loss.item());
    loss.backward();
    optimizer.step();
  }
  return {losses, model.state_dict()};
}

}  // namespace tapestry::testing
