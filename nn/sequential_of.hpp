// Modules of several inputs that run one after another.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <utility>

#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

namespace detail {

template <class M, class... Bases>
concept DerivedFromAny = (std::derived_from<M, Bases> || ...);

}  // namespace detail

template <class Signature>
class SequentialOf;

/// A `Sequential` of several inputs. Passes the first input through its children in order. Children of the same
/// signature also get the other inputs, unchanged; a `Module` gets only the first:
///
///     nn::SequentialOf<Tensor(const Tensor& x, const SparseAdjacency& adjacency)> net;
///     net.append(nn::GcnConv({.in_channels = 1433, .out_channels = 16}));
///     net.append(nn::ReLU());
///     net.append(nn::GcnConv({.in_channels = 16, .out_channels = 7}));
///     const Tensor logits = net(x, adjacency);
///
/// The children are named "0", "1", … unless `append` is given a name.
template <class... Others>
class SequentialOf<Tensor(const Tensor&, Others...)> : public ModuleOf<Tensor(const Tensor&, Others...)> {
 public:
  /// A child that takes all inputs.
  using Layer = ModuleOf<Tensor(const Tensor&, Others...)>;

  /// Adds a module at the end and returns it.
  template <detail::DerivedFromAny<Module, Layer> M>
  M& append(M module) {
    return append(std::to_string(this->children().size()), std::move(module));
  }
  /// Adds a module at the end under the given name. Throws a ValueError for a name that is taken, is empty or
  /// contains a dot.
  template <detail::DerivedFromAny<Module, Layer> M>
  M& append(std::string name, M module) {
    return this->add(std::move(name), std::move(module));
  }

  Tensor forward(const Tensor& x, Others... others) const override {
    Tensor y = x;
    for (const auto& [name, child] : this->children()) {
      const auto* layer = dynamic_cast<const Layer*>(child.get());
      y = layer != nullptr ? (*layer)(y, others...) : static_cast<const Module&>(*child)(y);
    }
    return y;
  }

 private:
  std::unique_ptr<ModuleBase> make_like() const override {
    auto result = std::make_unique<SequentialOf>();
    for (const auto& [name, child] : this->children()) {
      result->add_child(name, ModuleBase::make_like(*child));
    }
    return result;
  }
};

}  // namespace tapestry::nn
