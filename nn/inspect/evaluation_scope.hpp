// A module looked at in evaluation mode, and left as it was.
#pragma once

#include <utility>
#include <vector>

#include <tapestry/nn/module_base.hpp>

namespace tapestry::nn {

/// While it lives, a module and all within it are in evaluation mode; at its end each of them is in the mode again that
/// it was in. The module must outlive it.
class EvaluationScope {
 public:
  [[nodiscard]] explicit EvaluationScope(ModuleBase& module);
  ~EvaluationScope();
  EvaluationScope(const EvaluationScope&) = delete;
  EvaluationScope& operator=(const EvaluationScope&) = delete;

 private:
  std::vector<std::pair<ModuleBase*, bool>> modes_;  ///< outer ones first
};

}  // namespace tapestry::nn
