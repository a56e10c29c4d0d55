// The outputs of layers of a model, kept as they run.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tapestry/nn/module_base.hpp>

namespace tapestry::nn {

/// Keeps the outputs of some modules of a model for its lifetime:
///
///     FeatureMaps maps(model, {"conv1", "layer1"});
///     model(images);
///     viz::feature_maps_grid(maps["conv1"].array() …
///
/// They keep their history, so that gradients with respect to them can be computed. The model may be moved or
/// destroyed meanwhile.
class FeatureMaps {
 public:
  /// Adds forward hooks to the modules of these names ("" is the model itself). Throws a ValueError as `get_submodule`
  /// does; then no hook is left.
  [[nodiscard]] FeatureMaps(ModuleBase& model, const std::vector<std::string>& names);
  /// Removes the hooks.
  ~FeatureMaps();
  FeatureMaps(const FeatureMaps&) = delete;
  FeatureMaps& operator=(const FeatureMaps&) = delete;

  /// The output of the last call of a module, the first one if it has several. Throws a ValueError for a module that is
  /// not watched or has not been called.
  const Tensor& operator[](std::string_view name) const;

 private:
  struct Watched {
    std::string name;
    std::weak_ptr<detail::ModuleState> module;
    HookId hook;
    Tensor output;
  };
  std::vector<Watched> watched_;
};

}  // namespace tapestry::nn
