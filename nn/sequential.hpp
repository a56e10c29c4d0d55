// Modules one after the other.
#pragma once

#include <string>
#include <utility>

#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// Passes its input through its children in order; they are named "0", "1", …
class Sequential : public Module {
 public:
  Sequential() = default;
  template <std::derived_from<Module>... Modules>
  explicit Sequential(Modules... modules) {
    (append(std::move(modules)), ...);
  }

  /// Adds a module at the end and returns it.
  template <std::derived_from<Module> M>
  M& append(M module) {
    return add(std::to_string(children().size()), std::move(module));
  }

  Tensor forward(const Tensor& x) override;
};

}  // namespace tapestry::nn
