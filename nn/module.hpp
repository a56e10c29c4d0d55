// The base of layers and models that are a function of one tensor.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include <tapestry/nn/module_base.hpp>

namespace tapestry::nn {

/// A layer or model: a function of a tensor, with hooks around it.
class Module : public ModuleBase {
 public:
  /// Called before forward with the input; a defined result takes the input's place.
  using PreHook = std::function<Tensor(Module& module, const Tensor& input)>;
  /// Called after forward; a defined result takes the output's place.
  using Hook = std::function<Tensor(Module& module, const Tensor& input, const Tensor& output)>;
  using HookId = std::size_t;

  /// `forward` between the hooks, which a profiler charges to this layer.
  Tensor operator()(const Tensor& x);
  virtual Tensor forward(const Tensor& x) = 0;

  HookId add_forward_pre_hook(PreHook hook);
  HookId add_forward_hook(Hook hook);
  void remove_hook(HookId id);

 private:
  std::vector<std::pair<HookId, PreHook>> pre_hooks_;
  std::vector<std::pair<HookId, Hook>> hooks_;
  HookId next_hook_ = 0;
};

}  // namespace tapestry::nn
