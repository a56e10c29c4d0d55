#include <utility>

#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

std::unique_ptr<Module> Module::clone() const {
  return std::unique_ptr<Module>(static_cast<Module*>(ModuleBase::clone().release()));
}

HookId Module::add_forward_pre_hook(PreHook hook) {
  return ModuleBase::add_forward_pre_hook(
      [hook = std::move(hook)](const ModuleBase& module, std::vector<Tensor>& inputs) {
        const Tensor replaced = hook(static_cast<const Module&>(module), inputs.front());
        if (replaced.defined()) inputs.front() = replaced;
      });
}

HookId Module::add_forward_hook(Hook hook) {
  return ModuleBase::add_forward_hook([hook = std::move(hook)](const ModuleBase& module,
                                                               const std::vector<Tensor>& inputs,
                                                               std::vector<Tensor>& outputs) {
    const Tensor replaced = hook(static_cast<const Module&>(module), inputs.front(), outputs.front());
    if (replaced.defined()) outputs.front() = replaced;
  });
}

}  // namespace tapestry::nn
