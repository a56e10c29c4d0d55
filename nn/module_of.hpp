// Modules with any signature.
#pragma once

#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tapestry/core/profile_span.hpp>
#include <tapestry/nn/module_base.hpp>

namespace tapestry::nn {

namespace detail {

/// Records whose forward runs on this thread for its lifetime; null for none, as in hooks.
class ForwardScope {
 public:
  [[nodiscard]] explicit ForwardScope(const ModuleBase* module);
  ~ForwardScope();
  ForwardScope(const ForwardScope&) = delete;
  ForwardScope& operator=(const ForwardScope&) = delete;

  /// The module whose forward is running; null for none.
  static const ModuleBase* running();
  /// The module whose forward called the running one; null for none.
  static const ModuleBase* caller();

 private:
  const ModuleBase* module_;
  const ForwardScope* outer_;
};

/// Throws a ValueError if the forward of another module calls `module`, which is not registered although it has
/// parameters that require gradients.
void check_registered(const ModuleBase& module, const ModuleState& state);
/// Throws the error for a module that would have to be registered.
[[noreturn]] void throw_not_registered(const ModuleBase& outer, const ModuleBase& module);

void run_pre_hooks(const ModuleBase& module, const ModuleState& state, std::vector<Tensor>& inputs);
void run_hooks(const ModuleBase& module, const ModuleState& state, const std::vector<Tensor>& inputs,
               std::vector<Tensor>& outputs);

}  // namespace detail

template <class Signature>
class ModuleOf;

/// A module with the given signature, such as `ModuleOf<Tensor(const Tensor& x, const Tensor& y)>`. Derived classes
/// override `forward`; calling the module runs it between the hooks. Hooks receive the arguments that are Tensors, and
/// the result, which is a Tensor or a std::vector<Tensor>. Calls are const because they change no registered module and
/// no mode.
template <class Result, class... Arguments>
class ModuleOf<Result(Arguments...)> : public ModuleBase {
 public:
  /// Runs `forward` between the hooks. A profiler attributes it to this module.
  Result operator()(Arguments... arguments) const {
    const detail::ModuleState& state = this->state();
    detail::check_registered(*this, state);
    const tapestry::detail::LayerScope layer(state.name);
    if (!state.has_hooks()) {
      const detail::ForwardScope scope(this);
      return forward(arguments...);
    }
    std::vector<Tensor> inputs;
    (collect(inputs, arguments), ...);
    detail::run_pre_hooks(*this, state, inputs);
    std::size_t next = 0;
    // Braces, so that the inputs are evaluated in order.
    const std::tuple<const std::remove_cvref_t<Arguments>&...> replaced{pick(inputs, next, arguments)...};
    std::vector<Tensor> outputs = to_tensors(std::apply(
        [&](const auto&... inputs_to_forward) {
          const detail::ForwardScope scope(this);
          return forward(inputs_to_forward...);
        },
        replaced));
    detail::run_hooks(*this, state, inputs, outputs);
    if constexpr (std::is_same_v<Result, Tensor>) {
      return outputs.front();
    } else {
      return outputs;
    }
  }

  virtual Result forward(Arguments... arguments) const = 0;

 private:
  template <class T>
  static void collect(std::vector<Tensor>& inputs, const T& argument) {
    if constexpr (std::is_same_v<T, Tensor>) inputs.push_back(argument);
  }
  template <class T>
  static const T& pick(const std::vector<Tensor>& inputs, std::size_t& next, const T& argument) {
    if constexpr (std::is_same_v<T, Tensor>) {
      return inputs[next++];
    } else {
      return argument;
    }
  }
  static std::vector<Tensor> to_tensors(Result result) {
    if constexpr (std::is_same_v<Result, Tensor>) {
      return {std::move(result)};
    } else {
      return result;
    }
  }
};

}  // namespace tapestry::nn
