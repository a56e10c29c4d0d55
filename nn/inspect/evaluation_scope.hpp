// Evaluation mode for the lifetime of a scope.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <tapestry/nn/module_base.hpp>

namespace tapestry::nn {

/// Sets a module and all submodules to evaluation mode for its lifetime, and then restores the mode of each. The module
/// may be moved or destroyed in the meantime.
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
