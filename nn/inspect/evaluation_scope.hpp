// Evaluation mode for the length of a scope.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <tapestry/nn/module_base.hpp>

namespace tapestry::nn {

/// Switches a module and all modules within it to evaluation mode for its lifetime, and then restores the mode of each.
/// The module may be moved or destroyed meanwhile.
class EvaluationScope {
 public:
  [[nodiscard]] explicit EvaluationScope(ModuleBase& module);
  ~EvaluationScope();
  EvaluationScope(const EvaluationScope&) = delete;
  EvaluationScope& operator=(const EvaluationScope&) = delete;

 private:
  std::vector<std::pair<std::weak_ptr<detail::ModuleState>, bool>> modes_;
};

}  // namespace tapestry::nn
