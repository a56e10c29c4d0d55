#include <tapestry/nn/inspect/evaluation_scope.hpp>

namespace tapestry::nn {

EvaluationScope::EvaluationScope(ModuleBase& module) {
  for (const auto& [name, child] : module.named_modules()) modes_.emplace_back(child->watch(), child->is_training());
  module.eval();
}

EvaluationScope::~EvaluationScope() {
  for (const auto& [module, training] : modes_) {
    if (const auto state = module.lock()) state->training = training;
  }
}

}  // namespace tapestry::nn
