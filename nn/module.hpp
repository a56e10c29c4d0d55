// The base of layers and models: a function of a tensor with named parameters, buffers and children.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tapestry/autograd/tensor.hpp>

namespace tapestry::nn {

/// A tensor with its name within a module, such as "layer1.0.conv1.weight".
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// The values of all parameters and buffers of a module by name.
using StateDict = std::vector<std::pair<std::string, Array>>;

/// A layer or model. Derived classes declare their parts in the constructor with `add`, `add_parameter` and
/// `add_buffer`: what is declared is registered. A module can be moved, not copied.
class Module {
 public:
  /// Called before forward with the input; a defined result takes the input's place.
  using PreHook = std::function<Tensor(Module& module, const Tensor& input)>;
  /// Called after forward; a defined result takes the output's place.
  using Hook = std::function<Tensor(Module& module, const Tensor& input, const Tensor& output)>;
  using HookId = std::size_t;

  Module() = default;
  virtual ~Module() = default;
  Module(Module&&) = default;
  Module& operator=(Module&&) = default;

  /// `forward` between the hooks.
  Tensor operator()(const Tensor& x);
  virtual Tensor forward(const Tensor& x) = 0;

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
  std::vector<std::pair<std::string, Module*>> named_modules();
  /// The modules declared by this one, in order.
  const std::vector<std::pair<std::string, std::unique_ptr<Module>>>& children() const { return children_; }

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

  HookId add_forward_pre_hook(PreHook hook);
  HookId add_forward_hook(Hook hook);
  void remove_hook(HookId id);

 protected:
  /// Registers a child. Throws a ValueError for a name that is taken, empty or holds a dot.
  template <std::derived_from<Module> M>
  M& add(std::string name, M module) {
    auto owned = std::make_unique<M>(std::move(module));
    M& child = *owned;
    add_child(std::move(name), std::move(owned));
    return child;
  }
  void add_child(std::string name, std::unique_ptr<Module> child);
  /// Registers a parameter, which requires a gradient.
  Tensor add_parameter(std::string name, Array value);
  Tensor add_buffer(std::string name, Array value);

 private:
  void check_name(std::string_view name) const;
  template <class Visit>
  void visit(const std::string& prefix, const Visit& visit) const;

  std::vector<NamedTensor> parameters_;
  std::vector<NamedTensor> buffers_;
  std::vector<std::pair<std::string, std::unique_ptr<Module>>> children_;
  std::vector<std::pair<HookId, PreHook>> pre_hooks_;
  std::vector<std::pair<HookId, Hook>> hooks_;
  HookId next_hook_ = 0;
  bool training_ = true;
};

}  // namespace tapestry::nn
