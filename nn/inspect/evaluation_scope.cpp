#include <tapestry/nn/inspect/evaluation_scope.hpp>

namespace tapestry::nn {

EvaluationScope::EvaluationScope(ModuleBase& module) {
  for (const auto& [name, child] : module.named_modules()) modes_.emplace_back(child, child->is_training());
  module.eval();
}

EvaluationScope::~EvaluationScope() {
  // Setting a module's mode sets that of those within it too, which follow.
  for (const auto& [module, training] : modes_) module->train(training);
}

}  // namespace tapestry::nn
