// A list of submodules.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// Holds modules, named "0", "1", …, and does not call them. `M` is their common class.
template <std::derived_from<ModuleBase> M = Module>
class ModuleList : public ModuleBase {
 public:
  /// Adds a module at the end and returns it.
  template <std::derived_from<M> Added>
  Added& append(Added module) {
    Added& added = add(std::to_string(modules_.size()), std::move(module));
    modules_.push_back(&added);
    return added;
  }

  std::size_t size() const { return modules_.size(); }
  /// Throws a std::out_of_range for an index that is not below size().
  M& operator[](std::size_t index) const { return *modules_.at(index); }
  /// Iterators over pointers to the modules.
  auto begin() const { return modules_.begin(); }
  auto end() const { return modules_.end(); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override {
    auto result = std::make_unique<ModuleList>();
    for (const auto& [name, child] : children()) {
      auto made = ModuleBase::make_like(*child);
      result->modules_.push_back(static_cast<M*>(made.get()));
      result->add_child(name, std::move(made));
    }
    return result;
  }

  std::vector<M*> modules_;
};

}  // namespace tapestry::nn
