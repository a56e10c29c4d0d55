// How the floors above tell a profiler what runs: operators as spans, modules as the layer they belong to.
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

/// The path of a layer, "layer1.0.conv1"; null outside of all layers.
using LayerPath = std::shared_ptr<const std::string>;

/// The layer that runs on this thread; null without a profiler.
LayerPath current_layer();

/// Where a run that goes on later began.
struct ProfileOrigin {
  std::string_view name;  ///< of the operator
  ProfilePass pass = ProfilePass::forward;
  LayerPath layer;

  /// What this thread runs now.
  static ProfileOrigin here(std::string_view name);
};

/// Times a run of an operator, from its construction to its end, when this thread has a profiler.
class ProfileSpan {
 public:
  /// A run of the operator `name` forward.
  [[nodiscard]] explicit ProfileSpan(std::string_view name);
  /// A run of the backward of the operator `name`, which `layer` ran forward. What runs within belongs there too.
  [[nodiscard]] ProfileSpan(std::string_view name, const LayerPath& layer);
  /// The rest of a run whose result was not computed at once: its time counts there, and it is no call of its own.
  [[nodiscard]] explicit ProfileSpan(const ProfileOrigin& origin);
  ~ProfileSpan();
  ProfileSpan(const ProfileSpan&) = delete;
  ProfileSpan& operator=(const ProfileSpan&) = delete;

  /// False without a profiler: then the others do nothing.
  bool is_on() const { return log_ != nullptr; }
  /// Notes what goes in and comes out.
  void add_input(DType dtype, const Shape& shape);
  void add_output(DType dtype, const Shape& shape);
  /// The run has come to its end: one that is not completed is not counted.
  void complete(std::int64_t flops = 0);

 private:
  ProfileLog* log_;
};

/// Makes what this thread runs while it lives belong to the layer `name` within the one that runs.
class LayerScope {
 public:
  /// An empty name, that of a module that stands alone, changes nothing.
  [[nodiscard]] explicit LayerScope(std::string_view name);
  ~LayerScope();
  LayerScope(const LayerScope&) = delete;
  LayerScope& operator=(const LayerScope&) = delete;

 private:
  ProfileLog* log_;
  LayerPath outer_;
};

}  // namespace tapestry::detail
