#include <tapestry/nn/sequential.hpp>

namespace tapestry::nn {

void Sequential::append(std::string name, std::unique_ptr<Module> module) {
  Module& added = *module;
  add_child(std::move(name), std::move(module));
  steps_.push_back(&added);
}

std::unique_ptr<ModuleBase> Sequential::make_like() const {
  auto result = std::make_unique<Sequential>();
  for (const auto& [name, child] : children()) {
    result->append(name, std::unique_ptr<Module>(static_cast<Module*>(ModuleBase::make_like(*child).release())));
  }
  return result;
}

Tensor Sequential::forward(const Tensor& x) const {
  Tensor y = x;
  for (Module* step : steps_) y = (*step)(y);
  return y;
}

Sequential sequential(std::initializer_list<AnyModule> modules) {
  Sequential result;
  for (const AnyModule& module : modules) result.append(std::to_string(result.children().size()), module.take());
  return result;
}

}  // namespace tapestry::nn
