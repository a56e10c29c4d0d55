// The base of layers and models that are functions of one tensor.
#pragma once

#include <functional>
#include <memory>

#include <tapestry/nn/module_of.hpp>

namespace tapestry::nn {

/// A layer or model: a function of one tensor.
class Module : public ModuleOf<Tensor(const Tensor&)> {
 public:
  /// Called before forward with the input; a defined return value replaces the input.
  using PreHook = std::function<Tensor(const Module& module, const Tensor& input)>;
  /// Called after forward; a defined return value replaces the output.
  using Hook = std::function<Tensor(const Module& module, const Tensor& input, const Tensor& output)>;

  /// `ModuleBase::clone` as a Module.
  std::unique_ptr<Module> clone() const;

  HookId add_forward_pre_hook(PreHook hook);
  HookId add_forward_hook(Hook hook);
};

}  // namespace tapestry::nn
