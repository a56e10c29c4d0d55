// Summaries of models: layers, shapes, parameters and the cost of a forward pass.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <tapestry/core/shape.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// A layer or model including its submodules.
struct SummaryRow {
  std::string name;  ///< the path within the model, such as "layer1.0.conv1"; "" is the model itself
  std::string type;  ///< the class name, such as "Conv2d"
  /// The shape of the first output of the last call; none for a layer that was not called.
  std::optional<Shape> output_shape;
  std::int64_t parameters = 0;            ///< number of parameters
  std::int64_t trainable_parameters = 0;  ///< parameters that require a gradient
  std::int64_t parameter_bytes = 0;       ///< memory of the parameters
  std::int64_t flops = 0;                 ///< as counted by a `Profiler`: 2 · multiply-adds; other work is not counted
  std::int64_t activation_bytes = 0;      ///< memory of the outputs of it and its submodules, each array once
};

struct Summary {
  std::vector<Shape> input_shapes;  ///< shapes of the tensors that the model was called with
  std::vector<SummaryRow> rows;     ///< each module before its submodules, in order of declaration

  /// The row of the model itself.
  const SummaryRow& total() const& { return rows.front(); }
  SummaryRow total() const&& { return rows.front(); }
};

/// Runs the model once on zeros of `input_shape`, usually with a batch size of 1, in evaluation mode and without
/// recording, under a profiler. The model is unchanged afterwards; its own hooks are called. Throws what its forward
/// throws.
Summary summary(Module& model, const Shape& input_shape);
/// The same for a model with any inputs: `call` must call it once.
Summary summary(ModuleBase& model, const std::function<void()>& call);

/// A table, indented by depth, followed by the totals.
std::string to_string(const Summary& summary);

}  // namespace tapestry::nn
