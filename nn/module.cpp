#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

Tensor Module::operator()(const Tensor& x) {
  const auto layer = enter();
  Tensor input = x;
  // Over copies: a hook may remove itself or others.
  for (const auto& [id, hook] : std::vector(pre_hooks_)) {
    if (const Tensor replaced = hook(*this, input); replaced.defined()) input = replaced;
  }
  Tensor output = forward(input);
  for (const auto& [id, hook] : std::vector(hooks_)) {
    if (const Tensor replaced = hook(*this, input, output); replaced.defined()) output = replaced;
  }
  return output;
}

Module::HookId Module::add_forward_pre_hook(PreHook hook) {
  pre_hooks_.emplace_back(next_hook_, std::move(hook));
  return next_hook_++;
}

Module::HookId Module::add_forward_hook(Hook hook) {
  hooks_.emplace_back(next_hook_, std::move(hook));
  return next_hook_++;
}

void Module::remove_hook(HookId id) {
  std::erase_if(pre_hooks_, [&](const auto& entry) { return entry.first == id; });
  std::erase_if(hooks_, [&](const auto& entry) { return entry.first == id; });
}

}  // namespace tapestry::nn
