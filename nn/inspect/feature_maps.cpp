#include <algorithm>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/nn/inspect/feature_maps.hpp>

namespace tapestry::nn {

FeatureMaps::FeatureMaps(ModuleBase& model, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    watched_.push_back({.name = name, .module = &model.get_submodule<Module>(name), .hook = 0, .output = {}});
  }
  for (std::size_t i = 0; i < watched_.size(); ++i) {
    watched_[i].hook = watched_[i].module->add_forward_hook([this, i](Module&, const Tensor&, const Tensor& output) {
      watched_[i].output = output;
      return Tensor();
    });
  }
}

FeatureMaps::~FeatureMaps() {
  for (const Watched& watched : watched_) watched.module->remove_hook(watched.hook);
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
