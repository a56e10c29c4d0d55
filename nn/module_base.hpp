// The base of everything that has parameters: named parameters, buffers and children.
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

/// Called before forward with the tensors that it is given, which the hook may replace.
using TensorsPreHook = std::function<void(const ModuleBase& module, std::vector<Tensor>& inputs)>;
/// Called after forward with its inputs and with its outputs, which the hook may replace.
using TensorsHook =
    std::function<void(const ModuleBase& module, const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs)>;
using HookId = std::size_t;

namespace detail {

/// Classes derived from the module class M. An M made of such an object would lose what the class adds.
template <class Derived, class M>
concept Extends = std::derived_from<Derived, M> && !std::same_as<Derived, M>;

/// What a module has registered. It stays in one place in memory when the module is moved.
struct ModuleState {
  std::vector<NamedTensor> parameters;
  std::vector<NamedTensor> buffers;
  std::vector<std::pair<std::string, std::unique_ptr<ModuleBase>>> children;
  std::string name;  ///< in the module that it was added to; empty for a module that stands alone
  bool training = true;
  std::vector<std::pair<HookId, TensorsPreHook>> pre_hooks;
  std::vector<std::pair<HookId, TensorsHook>> hooks;
  HookId next_hook = 0;

  void train(bool mode);
  void remove_hook(HookId id);
  bool has_hooks() const;
};

}  // namespace detail

/// What a layer or model is made of. Derived classes declare their parts with `add`, `add_parameter` and `add_buffer`,
/// which register them:
///
///     nn::Linear& head_ = add("head", nn::Linear({.in_features = 64, .out_features = 10}));
///
/// Layers derive from `Module`, a function of one tensor, or from `ModuleOf`, a function of any type. Modules can be
/// moved but not copied. A module that has been moved from throws a ValueError when it is used.
class ModuleBase {
 public:
  ModuleBase();
  virtual ~ModuleBase();
  ModuleBase(ModuleBase&&) = default;
  ModuleBase& operator=(ModuleBase&&) = default;

  /// Switches this module and all modules within it to training mode (dropout is active, batch norm uses the batch), or
  /// to evaluation mode.
  void train(bool training = true) { state().train(training); }
  void eval() { train(false); }
  /// Throws a ValueError when the forward of this module asks, in training mode, and was called by that of another
  /// module without being registered: then the mode of that module does not reach this one.
  bool is_training() const;

  /// The parameters of this module and all modules within it, in the order of their declaration, each once.
  std::vector<Tensor> parameters() const;
  std::vector<NamedTensor> named_parameters() const;
  /// The part of the state that is not trained, such as running statistics.
  std::vector<NamedTensor> named_buffers() const;
  /// This module (under the name "") and all modules within it by name, outer ones first.
  std::vector<std::pair<std::string, ModuleBase*>> named_modules();
  /// The modules declared by this one, in order.
  const std::vector<std::pair<std::string, std::unique_ptr<ModuleBase>>>& children() const& { return state().children; }
  void children() const&& = delete;
  /// The module of that name within this one, such as "layer1.0.conv1". Throws a ValueError when there is none, or when
  /// it is not an M.
  template <std::derived_from<ModuleBase> M>
  M& get_submodule(std::string_view name) {
    auto* module = dynamic_cast<M*>(find_submodule(name));
    if (module == nullptr) throw_no_submodule(name);
    return *module;
  }
  /// The name of the class, without namespaces: "Conv2d".
  std::string class_name() const;

  /// A deep copy: parameters and buffers with memory of their own, modes, and which parameters require gradients;
  /// without gradients and hooks. Its random streams are new ones. Throws a ValueError when the class of this module,
  /// or of one within it, does not override `make_like`.
  std::unique_ptr<ModuleBase> clone() const;

  /// Copies of the values of all parameters and buffers, in the order of their declaration.
  StateDict state_dict() const;
  /// Overwrites all parameters and buffers. Throws a ValueError that lists every missing, unexpected or misshaped
  /// entry; then nothing has been changed.
  void load_state_dict(const StateDict& state);
  /// Converts all floating-point parameters and buffers to a floating-point dtype and drops their gradients. Throws a
  /// DTypeError for any other dtype.
  void to(DType dtype);
  /// Enables or disables gradient tracking of all parameters; without it they are frozen.
  void set_requires_grad(bool requires_grad);

  HookId add_forward_pre_hook(TensorsPreHook hook);
  HookId add_forward_hook(TensorsHook hook);
  /// Removes a hook of either kind. Does nothing if it has been removed already.
  void remove_hook(HookId id) { state().remove_hook(id); }

  /// The registered state, for scopes that restore something when they end: it outlives moves of the module, and the
  /// handle is empty once the module is gone.
  std::weak_ptr<detail::ModuleState> watch() const { return state_; }

 protected:
  /// Registers a child. Throws a ValueError for a name that is taken, is empty or contains a dot.
  template <std::derived_from<ModuleBase> M>
  M& add(std::string name, M module) {
    std::unique_ptr<ModuleBase> owned = make<M>(std::move(module));
    M& child = static_cast<M&>(*owned);
    add_child(std::move(name), std::move(owned));
    return child;
  }
  void add_child(std::string name, std::unique_ptr<ModuleBase> child);
  /// std::make_unique<M> as a ModuleBase, without a std::unique_ptr<M>, which takes a program that includes many
  /// modules seconds to compile.
  template <std::derived_from<ModuleBase> M, class... Arguments>
  static std::unique_ptr<ModuleBase> make(Arguments&&... arguments) {
    return std::unique_ptr<ModuleBase>(new M(std::forward<Arguments>(arguments)...));
  }
  /// Registers a parameter, which requires a gradient.
  [[nodiscard]] Parameter add_parameter(std::string name, Array value);
  [[nodiscard]] Buffer add_buffer(std::string name, Array value);

  /// A new module of the same class and options, for `clone`, which overwrites its parameters and buffers:
  ///
  ///     std::unique_ptr<ModuleBase> make_like() const override { return make<Net>(options_); }
  virtual std::unique_ptr<ModuleBase> make_like() const;
  /// What `make_like` of a module makes. Throws a ValueError when it is of another class.
  static std::unique_ptr<ModuleBase> make_like(const ModuleBase& module);

  /// Throws a ValueError when this module has been moved from.
  detail::ModuleState& state() const {
    if (state_ == nullptr) throw_moved_from();
    return *state_;
  }

 private:
  void check_name(std::string_view name) const;
  void copy_state(const ModuleBase& source);
  ModuleBase* find_submodule(std::string_view name);
  [[noreturn]] void throw_no_submodule(std::string_view name);
  [[noreturn]] void throw_moved_from() const;
  template <class Visit>
  void visit(const std::string& prefix, const Visit& visit) const;

  std::shared_ptr<detail::ModuleState> state_;
};

}  // namespace tapestry::nn
