#include <algorithm>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/nn/module_of.hpp>

namespace tapestry::nn::detail {
namespace {

thread_local const ForwardScope* innermost = nullptr;

void check_count(const ModuleBase& module, std::string_view what, std::size_t before, std::size_t after) {
  if (after == before) return;
  throw ValueError(
      fmt::format("{}: a hook changed the number of {} from {} to {}", module.class_name(), what, before, after));
}

}  // namespace

ForwardScope::ForwardScope(const ModuleBase* module) : module_(module), outer_(std::exchange(innermost, this)) {}

ForwardScope::~ForwardScope() {
  innermost = outer_;
}

const ModuleBase* ForwardScope::running() {
  return innermost != nullptr ? innermost->module_ : nullptr;
}

const ModuleBase* ForwardScope::caller() {
  return innermost != nullptr && innermost->outer_ != nullptr ? innermost->outer_->module_ : nullptr;
}

void check_registered(const ModuleBase& module, const ModuleState& state) {
  const ModuleBase* outer = ForwardScope::running();
  if (outer == nullptr || &state.root() == &outer->watch().lock()->root()) return;
  const auto parameters = module.parameters();
  const auto is_trained = [](const Tensor& parameter) { return parameter.requires_grad(); };
  if (std::any_of(parameters.begin(), parameters.end(), is_trained)) throw_not_registered(*outer, module);
}

void throw_not_registered(const ModuleBase& outer, const ModuleBase& module) {
  throw ValueError(fmt::format(
      "{0}: calls a {1} that is not registered, so that train(), parameters() and state_dict() do not reach "
      "it\nhint: declare the member as {1}& layer_ = add(\"layer\", {1}({{…}}));",
      outer.class_name(), module.class_name()));
}

void run_pre_hooks(const ModuleBase& module, const ModuleState& state, std::vector<Tensor>& inputs) {
  const ForwardScope none(nullptr);
  // Iterates over a copy because a hook may remove hooks.
  for (const auto& [id, hook] : std::vector(state.pre_hooks)) {
    const std::size_t count = inputs.size();
    hook(module, inputs);
    check_count(module, "inputs", count, inputs.size());
  }
}

void run_hooks(const ModuleBase& module, const ModuleState& state, const std::vector<Tensor>& inputs,
               std::vector<Tensor>& outputs) {
  const ForwardScope none(nullptr);
  for (const auto& [id, hook] : std::vector(state.hooks)) {
    const std::size_t count = outputs.size();
    hook(module, inputs, outputs);
    check_count(module, "outputs", count, outputs.size());
  }
}

}  // namespace tapestry::nn::detail
