// Recorded outputs of the layers of a model.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tapestry/nn/module_base.hpp>

namespace tapestry::nn {

/// Records the outputs of the given modules of a model for its lifetime:
///
///     FeatureMaps maps(model, {"conv1", "layer1"});
///     model(images);
///     viz::feature_maps_grid(maps["conv1"].array() …
///
/// The outputs keep their history, so gradients with respect to them can be computed. The model may be moved or
/// destroyed in the meantime.
class FeatureMaps {
 public:
  /// Adds forward hooks to the modules of these names ("" is the model itself). Throws the errors of `get_submodule`;
  /// no hook is added in that case.
  [[nodiscard]] FeatureMaps(ModuleBase& model, const std::vector<std::string>& names);
  /// Removes the hooks.
  ~FeatureMaps();
  FeatureMaps(const FeatureMaps&) = delete;
  FeatureMaps& operator=(const FeatureMaps&) = delete;

  /// The output of the last call of a module, or the first of several. Throws a ValueError for a module that is not
  /// watched or has not been called.
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
