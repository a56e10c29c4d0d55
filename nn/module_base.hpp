// The base of all modules: named parameters, buffers and children.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tapestry/autograd/tensor.hpp>
#include <tapestry/nn/state_tensor.hpp>

namespace tapestry::nn {

class ModuleBase;

/// A tensor with its name within a module, such as "layer1.0.conv1.weight".
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// The values of all parameters and buffers of a module by name.
using StateDict = std::vector<std::pair<std::string, Array>>;

/// Called before forward with its input tensors, which the hook may replace.
using TensorsPreHook = std::function<void(const ModuleBase& module, std::vector<Tensor>& inputs)>;
/// Called after forward with its inputs and its outputs; the hook may replace the outputs.
using TensorsHook =
    std::function<void(const ModuleBase& module, const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs)>;
using HookId = std::size_t;

namespace detail {

/// Classes derived from the module class M. Making an M from such an object would lose what the class adds.
template <class Derived, class M>
concept Extends = std::derived_from<Derived, M> && !std::same_as<Derived, M>;

/// What a module has registered. It keeps its address when the module is moved.
struct ModuleState {
  std::vector<NamedTensor> parameters;
  std::vector<NamedTensor> buffers;
  std::vector<std::pair<std::string, std::unique_ptr<ModuleBase>>> children;
  std::string name;                     ///< within its parent; empty for a module without a parent
  const ModuleState* parent = nullptr;  ///< of the module that registered it
  bool training = true;
  std::vector<std::pair<HookId, TensorsPreHook>> pre_hooks;
  std::vector<std::pair<HookId, TensorsHook>> hooks;
  HookId next_hook = 0;

  void train(bool mode);
  void remove_hook(HookId id);
  bool has_hooks() const;
  /// The state of the outermost module that contains this one.
  const ModuleState& root() const;
};

}  // namespace detail

/// The base of layers and models. Derived classes register their parts with `add`, `add_parameter` and `add_buffer`:
///
///     nn::Linear& head_ = add("head", nn::Linear({.in_features = 64, .out_features = 10}));
///
/// Layers derive from `Module`, a function of one tensor, or from `ModuleOf`, a function of any type. Modules can be
/// moved but not copied. Using a module that has been moved from throws a ValueError.
class ModuleBase {
 public:
  ModuleBase();
  virtual ~ModuleBase();
  ModuleBase(ModuleBase&& other) noexcept;
  /// Replaces this module, which stays registered where it is, as in `model.get_submodule<Linear>("fc") = Linear({…})`.
  ModuleBase& operator=(ModuleBase&& other) noexcept;

  /// Sets this module and all submodules to training mode (dropout is active, batch norm uses the statistics of the
  /// batch) or to evaluation mode.
  void train(bool training = true) { state().train(training); }
  void eval() { train(false); }
  /// Throws a ValueError if this module is in training mode and its forward was called by a module that has not
  /// registered it: it would not follow the mode of that module.
  bool is_training() const;

  /// The parameters of this module and all submodules, in order of declaration, each once.
  std::vector<Tensor> parameters() const;
  std::vector<NamedTensor> named_parameters() const;
  /// State that is not trained, such as running statistics.
  std::vector<NamedTensor> named_buffers() const;
  /// This module (under the name "") and all submodules by name, outer ones first.
  std::vector<std::pair<std::string, ModuleBase*>> named_modules();
  /// The direct submodules in order.
  const std::vector<std::pair<std::string, std::unique_ptr<ModuleBase>>>& children() const& { return state().children; }
  void children() const&& = delete;
  /// The submodule of that name, such as "layer1.0.conv1". Throws a ValueError if there is none or it is not an M.
  template <std::derived_from<ModuleBase> M>
  M& get_submodule(std::string_view name) {
    auto* module = dynamic_cast<M*>(find_submodule(name));
    if (module == nullptr) throw_no_submodule(name);
    return *module;
  }
  /// The name of the class, without namespaces: "Conv2d".
  std::string class_name() const;

  /// A deep copy: copies of parameters and buffers, the modes, and which parameters require gradients; without
  /// gradients and hooks, and with new random streams. Throws a ValueError if the class of this module or of a
  /// submodule does not override `make_like`.
  std::unique_ptr<ModuleBase> clone() const;

  /// Copies of the values of all parameters and buffers, in order of declaration.
  StateDict state_dict() const;
  /// Overwrites all parameters and buffers. Throws a ValueError that lists every missing, unexpected, undefined or
  /// misshaped entry; nothing is changed in that case.
  void load_state_dict(const StateDict& state);
  /// Converts all floating-point parameters and buffers to a floating-point dtype and drops their gradients. Throws a
  /// DTypeError for any other dtype.
  void to(DType dtype);
  /// Enables or disables gradients of all parameters; without gradients they are frozen.
  void set_requires_grad(bool requires_grad);

  HookId add_forward_pre_hook(TensorsPreHook hook);
  HookId add_forward_hook(TensorsHook hook);
  /// Removes a hook of either kind. Does nothing if it has been removed already.
  void remove_hook(HookId id) { state().remove_hook(id); }

  /// The registered state, for scopes that restore something when they end. The handle stays valid when the module is
  /// moved and is empty once the module has been destroyed.
  std::weak_ptr<detail::ModuleState> watch() const { return state_; }

 protected:
  /// Registers a submodule. Throws a ValueError for a name that is taken, is empty or contains a dot.
  template <std::derived_from<ModuleBase> M>
  M& add(std::string name, M module) {
    std::unique_ptr<ModuleBase> owned = make<M>(std::move(module));
    M& child = static_cast<M&>(*owned);
    add_child(std::move(name), std::move(owned));
    return child;
  }
  /// Throws as `add` does, and for a null pointer.
  void add_child(std::string name, std::unique_ptr<ModuleBase> child);
  /// std::make_unique<M> as a ModuleBase. It avoids std::unique_ptr<M>, because one per class would cost programs that
  /// include many modules seconds of compile time.
  template <std::derived_from<ModuleBase> M, class... Arguments>
  static std::unique_ptr<ModuleBase> make(Arguments&&... arguments) {
    return std::unique_ptr<ModuleBase>(new M(std::forward<Arguments>(arguments)...));
  }
  /// Registers a parameter, which requires a gradient, or a buffer. Throws a ValueError for a name as `add` does and
  /// for an undefined array, and a DTypeError for a parameter that is not floating.
  [[nodiscard]] Parameter add_parameter(std::string name, Array value);
  [[nodiscard]] Buffer add_buffer(std::string name, Array value);

  /// A new module of the same class and options. `clone` overwrites its parameters and buffers:
  ///
  ///     std::unique_ptr<ModuleBase> make_like() const override { return make<Net>(options_); }
  virtual std::unique_ptr<ModuleBase> make_like() const;
  /// The result of a module's `make_like`. Throws a ValueError if it is null or of another class.
  static std::unique_ptr<ModuleBase> make_like(const ModuleBase& module);

  /// Throws a ValueError if this module has been moved from.
  detail::ModuleState& state() const {
    if (state_ == nullptr) throw_moved_from();
    return *state_;
  }

 private:
  void check_name(std::string_view name) const;
  void check_entry(std::string_view name, const Array& value) const;
  void copy_state(const ModuleBase& source);
  ModuleBase* find_submodule(std::string_view name);
  [[noreturn]] void throw_no_submodule(std::string_view name);
  [[noreturn]] void throw_moved_from() const;
  template <class Visit>
  void visit(const std::string& prefix, const Visit& call) const;

  std::shared_ptr<detail::ModuleState> state_;
};

}  // namespace tapestry::nn
