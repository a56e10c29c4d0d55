// What a model is made of, and what a forward through it costs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <tapestry/core/shape.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// A layer or model with all that is within it.
struct SummaryRow {
  std::string name;  ///< the path within the model, such as "layer1.0.conv1"; "" is the model itself
  std::string type;  ///< the name of its class, such as "Conv2d"
  /// Of the first output of the last call; none for a layer that was not called.
  std::optional<Shape> output_shape;
  std::int64_t parameters = 0;            ///< how many numbers
  std::int64_t trainable_parameters = 0;  ///< those among them that require a gradient
  std::int64_t parameter_bytes = 0;       ///< the memory that they take
  std::int64_t flops = 0;             ///< as a `Profiler` counts them: 2 · multiply-adds, other work is not counted
  std::int64_t activation_bytes = 0;  ///< of what it and the layers within it gave, each array once
};

struct Summary {
  std::vector<Shape> input_shapes;  ///< of the tensors that the model was called with
  std::vector<SummaryRow> rows;     ///< each module before those within it, in the order of their declaration

  /// The row of the model itself.
  const SummaryRow& total() const& { return rows.front(); }
  SummaryRow total() const&& { return rows.front(); }
};

/// Runs the model once on zeros of `input_shape`, whose first size, that of the batch, is usually 1, in evaluation mode
/// and without recording, under a profiler. The model is unchanged afterwards; its own hooks are called. Throws what
/// its forward throws.
Summary summary(Module& model, const Shape& input_shape);
/// The same for a model of any inputs: `call` is to call it once.
Summary summary(ModuleBase& model, const std::function<void()>& call);

/// A table, indented by depth, and the totals below it.
std::string to_string(const Summary& summary);

}  // namespace tapestry::nn
