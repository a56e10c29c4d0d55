// What the layers of a model give, kept as they run.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// While it lives, keeps the outputs of some modules of a model:
///
///     FeatureMaps maps(model, {"conv1", "layer1"});
///     model(images);
///     viz::feature_maps_grid(maps["conv1"].array() …
///
/// They are kept with their history, so that they can be differentiated by. The model must outlive it.
class FeatureMaps {
 public:
  /// By forward hooks on the modules of these names ("" is the model itself). Throws a ValueError as `get_submodule`
  /// does; then no hook is left.
  [[nodiscard]] FeatureMaps(ModuleBase& model, const std::vector<std::string>& names);
  /// Takes the hooks away.
  ~FeatureMaps();
  FeatureMaps(const FeatureMaps&) = delete;
  FeatureMaps& operator=(const FeatureMaps&) = delete;

  /// What the last call of a module gave. Throws a ValueError for a module that is not watched or has not been called.
  const Tensor& operator[](std::string_view name) const;

 private:
  struct Watched {
    std::string name;
    Module* module;
    Module::HookId hook;
    Tensor output;
  };
  std::vector<Watched> watched_;
};

}  // namespace tapestry::nn
