// The base of all that holds parameters: named parameters, buffers and children.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/profile_span.hpp>

namespace tapestry::nn {

/// A tensor with its name within a module, such as "layer1.0.conv1.weight".
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// The values of all parameters and buffers of a module by name.
using StateDict = std::vector<std::pair<std::string, Array>>;

/// What a layer or model is made of. Derived classes declare their parts in the constructor with `add`, `add_parameter`
/// and `add_buffer`: what is declared is registered. A function of one tensor derives from `Module`; what takes several
/// inputs (attention, graph layers) derives from this and has an operator() of its own, which begins with `enter`. Can
/// be moved, not copied.
class ModuleBase {
 public:
  ModuleBase() = default;
  virtual ~ModuleBase() = default;
  ModuleBase(ModuleBase&&) = default;
  ModuleBase& operator=(ModuleBase&&) = default;

  /// Switches this module and all within it to training (dropout drops, batch norm uses the batch), or back.
  void train(bool training = true);
  void eval() { train(false); }
  bool is_training() const { return training_; }

  /// The parameters of this module and all within it, in the order of their declaration, each once.
  std::vector<Tensor> parameters() const;
  std::vector<NamedTensor> named_parameters() const;
  /// What belongs to the state but is not trained: running statistics, say.
  std::vector<NamedTensor> named_buffers() const;
  /// This module (under the name "") and all modules within it by name, outer ones first.
  std::vector<std::pair<std::string, ModuleBase*>> named_modules();
  /// The modules declared by this one, in order.
  const std::vector<std::pair<std::string, std::unique_ptr<ModuleBase>>>& children() const& { return children_; }
  void children() const&& = delete;
  /// The module of that name within this one, such as "layer1.0.conv1". Throws a ValueError when there is none, or when
  /// it is not an M.
  template <std::derived_from<ModuleBase> M>
  M& get_submodule(std::string_view name) {
    auto* module = dynamic_cast<M*>(find_submodule(name));
    if (module == nullptr) throw_no_submodule(name);
    return *module;
  }

  /// Copies of the values of all parameters and buffers, in the order of their declaration.
  StateDict state_dict() const;
  /// Overwrites all parameters and buffers. Throws a ValueError that lists every missing, unexpected or misshaped
  /// entry; then nothing has been changed.
  void load_state_dict(const StateDict& state);
  /// Converts all floating parameters and buffers to a floating dtype; gradients are dropped. Throws a DTypeError for
  /// another.
  void to(DType dtype);
  /// Freezes (false) or thaws all parameters.
  void set_requires_grad(bool requires_grad);

 protected:
  /// Registers a child. Throws a ValueError for a name that is taken, empty or holds a dot.
  template <std::derived_from<ModuleBase> M>
  M& add(std::string name, M module) {
    auto owned = std::make_unique<M>(std::move(module));
    M& child = *owned;
    add_child(std::move(name), std::move(owned));
    return child;
  }
  void add_child(std::string name, std::unique_ptr<ModuleBase> child);
  /// Registers a parameter, which requires a gradient.
  Tensor add_parameter(std::string name, Array value);
  Tensor add_buffer(std::string name, Array value);
  /// While the result lives, a profiler charges what this thread runs to this module, under the name it was added by.
  [[nodiscard]] tapestry::detail::LayerScope enter() const { return tapestry::detail::LayerScope(name_); }

 private:
  void check_name(std::string_view name) const;
  ModuleBase* find_submodule(std::string_view name);
  [[noreturn]] void throw_no_submodule(std::string_view name);
  template <class Visit>
  void visit(const std::string& prefix, const Visit& visit) const;

  std::vector<NamedTensor> parameters_;
  std::vector<NamedTensor> buffers_;
  std::vector<std::pair<std::string, std::unique_ptr<ModuleBase>>> children_;
  std::string name_;  ///< in the module that it was added to
  bool training_ = true;
};

}  // namespace tapestry::nn
