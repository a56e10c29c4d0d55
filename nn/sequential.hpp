// Modules one after the other.
#pragma once

#include <concepts>
#include <string>
#include <utility>
#include <vector>

#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// Passes its input through its children in order; they are named "0", "1", … unless told otherwise.
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
    return append(std::to_string(children().size()), std::move(module));
  }
  /// Adds a module at the end under a name of its own: where layers are fused, the numbers of files of weights have
  /// gaps. Throws a ValueError for a name that is taken, empty or holds a dot.
  template <std::derived_from<Module> M>
  M& append(std::string name, M module) {
    M& added = add(std::move(name), std::move(module));
    steps_.push_back(&added);
    return added;
  }

  Tensor forward(const Tensor& x) override;

 private:
  std::vector<Module*> steps_;
};

}  // namespace tapestry::nn
