// Modules that run one after another.
#pragma once

#include <concepts>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// Passes its input through its children in order. They are named "0", "1", … unless `append` is given a name. Fill it
/// with `append`, or construct it with `sequential`.
class Sequential : public Module {
 public:
  /// Adds a module at the end and returns it.
  template <std::derived_from<Module> M>
  M& append(M module) {
    return append(std::to_string(children().size()), std::move(module));
  }
  /// Adds a module at the end under the given name. Throws a ValueError for a name that is taken, is empty or
  /// contains a dot.
  template <std::derived_from<Module> M>
  M& append(std::string name, M module) {
    auto owned = std::make_unique<M>(std::move(module));
    M& added = *owned;
    append(std::move(name), std::unique_ptr<Module>(std::move(owned)));
    return added;
  }
  void append(std::string name, std::unique_ptr<Module> module);

  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override;

  std::vector<Module*> steps_;
};

/// A module of any class, an element of the list that `sequential` takes. Every temporary module converts to it.
class AnyModule {
 public:
  template <std::derived_from<Module> M>
  AnyModule(M module) : module_(std::make_unique<M>(std::move(module))) {}  // NOLINT: implicit by design

  /// Releases the module. Const because the elements of an initializer list are.
  std::unique_ptr<Module> take() const { return std::move(module_); }

 private:
  mutable std::unique_ptr<Module> module_;
};

/// A `Sequential` of the given modules, named "0", "1", …:
///
///     nn::sequential({nn::Conv2d({…}), nn::BatchNorm2d({…}), nn::ReLU()})
///
/// The elements of a braced list are constructed in order, so the initial weights are the same with every compiler; the
/// order of function arguments is unspecified.
Sequential sequential(std::initializer_list<AnyModule> modules);

}  // namespace tapestry::nn
