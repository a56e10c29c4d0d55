// What the tests of architectures share.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "models/training_checks.hpp"

namespace tapestry::testing {

/// Requires that the state of a model has entries of these names.
inline void require_entries(const nn::Module& model, const std::vector<std::string>& names) {
  const nn::StateDict state = model.state_dict();
  for (const std::string& name : names) {
    INFO(name);
    REQUIRE(std::any_of(state.begin(), state.end(), [&](const auto& entry) { return entry.first == name; }));
  }
}

/// Requires that a step of training on images of a shape gives every parameter a gradient that is not all zeros.
inline void require_gradients_everywhere(nn::Module& model, const Shape& images, const Array& labels) {
  cross_entropy(model(Generator(1).reals(images).to(DType::f32)), labels).backward();
  for (const auto& [name, parameter] : model.named_parameters()) {
    INFO(name);
    REQUIRE(parameter.grad().defined());
    const auto values = values_of(parameter.grad().array());
    REQUIRE(std::any_of(values.begin(), values.end(), [](double value) { return value != 0; }));
  }
}

}  // namespace tapestry::testing
