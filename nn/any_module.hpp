// A module of any class, on its way into the module that will hold it.
#pragma once

#include <concepts>
#include <memory>
#include <utility>

#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// What the lists of modules between braces are made of. Every temporary module converts to it.
class AnyModule {
 public:
  template <std::derived_from<Module> M>
  AnyModule(M module) : module_(std::make_unique<M>(std::move(module))) {}  // NOLINT: implicit by design

  /// The module, which this no longer holds. Const because the elements of an initializer list are.
  std::unique_ptr<Module> take() const { return std::move(module_); }

 private:
  mutable std::unique_ptr<Module> module_;
};

}  // namespace tapestry::nn
