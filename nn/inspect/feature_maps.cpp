#include <algorithm>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/nn/inspect/feature_maps.hpp>

namespace tapestry::nn {

FeatureMaps::FeatureMaps(ModuleBase& model, const std::vector<std::string>& names) {
  std::vector<ModuleBase*> modules;
  for (const std::string& name : names) modules.push_back(&model.get_submodule<ModuleBase>(name));
  for (std::size_t i = 0; i < names.size(); ++i) {
    const HookId hook =
        modules[i]->add_forward_hook([this, i](const ModuleBase&, const std::vector<Tensor>&,
                                               std::vector<Tensor>& outputs) { watched_[i].output = outputs.front(); });
    watched_.push_back({.name = names[i], .module = modules[i]->watch(), .hook = hook, .output = {}});
  }
}

FeatureMaps::~FeatureMaps() {
  for (const Watched& watched : watched_) {
    if (const auto module = watched.module.lock()) module->remove_hook(watched.hook);
  }
}

const Tensor& FeatureMaps::operator[](std::string_view name) const {
  const auto found =
      std::find_if(watched_.begin(), watched_.end(), [&](const Watched& watched) { return watched.name == name; });
  if (found == watched_.end()) throw ValueError(fmt::format("FeatureMaps: the module \"{}\" is not watched", name));
  if (!found->output.defined()) {
    throw ValueError(fmt::format("FeatureMaps: the module \"{}\" has not been called", name));
  }
  return found->output;
}

}  // namespace tapestry::nn
