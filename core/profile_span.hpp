// The profiler's interface for operators (spans) and modules (layers).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <tapestry/core/dtype.hpp>
#include <tapestry/core/profiler.hpp>
#include <tapestry/core/shape.hpp>

namespace tapestry::detail {

class ProfileLog;

/// The path of a layer, such as "layer1.0.conv1"; null outside all layers.
using LayerPath = std::shared_ptr<const std::string>;

/// The layer running on this thread; null without a profiler.
LayerPath current_layer();

/// The start of a run that resumes later.
struct ProfileOrigin {
  std::string_view name;  ///< of the operator
  ProfilePass pass = ProfilePass::forward;
  LayerPath layer;

  /// The current run of this thread.
  static ProfileOrigin here(std::string_view name);
};

/// Times a run of an operator, from its construction to its end, when this thread has a profiler.
class ProfileSpan {
 public:
  /// A run of the operator `name` forward.
  [[nodiscard]] explicit ProfileSpan(std::string_view name);
  /// A run of the backward of the operator `name`, whose forward ran in `layer`. Nested runs belong to that layer as
  /// well.
  [[nodiscard]] ProfileSpan(std::string_view name, const LayerPath& layer);
  /// The pending part of a run whose result was computed later: its time counts toward that run, and it is not a
  /// separate call.
  [[nodiscard]] explicit ProfileSpan(const ProfileOrigin& origin);
  ~ProfileSpan();
  ProfileSpan(const ProfileSpan&) = delete;
  ProfileSpan& operator=(const ProfileSpan&) = delete;

  /// False without a profiler; the other members then do nothing.
  bool is_on() const { return log_ != nullptr; }
  /// Records the inputs and the output.
  void add_input(DType dtype, const Shape& shape);
  void add_output(DType dtype, const Shape& shape);
  /// Marks the run as complete; incomplete runs are not counted.
  void complete(std::int64_t flops = 0);

 private:
  ProfileLog* log_;
};

/// For its lifetime, runs on this thread belong to the layer `name` inside the current layer.
class LayerScope {
 public:
  /// An empty name, that of a top-level module, changes nothing.
  [[nodiscard]] explicit LayerScope(std::string_view name);
  ~LayerScope();
  LayerScope(const LayerScope&) = delete;
  LayerScope& operator=(const LayerScope&) = delete;

 private:
  ProfileLog* log_;
  LayerPath outer_;
};

}  // namespace tapestry::detail
