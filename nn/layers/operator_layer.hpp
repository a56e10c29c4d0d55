// Layers that apply an operator and have no parameters.
#pragma once

#include <memory>
#include <string_view>
#include <type_traits>

#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// The base of `Layer`, which has no parameters and is made from options.
template <class Layer, class LayerOptions, class Base>
class OptionsLayer : public Base {
 public:
  using Options = LayerOptions;
  explicit OptionsLayer(const Options& options) : options_(options) {}
  /// Checks the options; errors name `layer`.
  OptionsLayer(std::string_view layer, const Options& options) : options_(options) { options.check(layer); }

 protected:
  Options options_;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return ModuleBase::make<Layer>(options_); }
};

/// The base of `Layer`, whose forward is the operator `operation`:
///
///     class ReLU : public OperatorLayer<ReLU, relu> {};
///
/// The operator takes a tensor, a tensor and options, or two inputs and options. The constructor takes the options.
template <class Layer, auto operation>
class OperatorLayer;

template <class Layer, Tensor (*operation)(const Tensor&)>
class OperatorLayer<Layer, operation> : public Module {
 public:
  Tensor forward(const Tensor& x) const override { return operation(x); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Layer>(); }
};

template <class Layer, class Options, Tensor (*operation)(const Tensor&, Options)>
class OperatorLayer<Layer, operation> : public OptionsLayer<Layer, std::remove_cvref_t<Options>, Module> {
 public:
  using OperatorLayer::OptionsLayer::OptionsLayer;
  Tensor forward(const Tensor& x) const override { return operation(x, this->options_); }
};

template <class Layer, class Second, class Options, Tensor (*operation)(const Tensor&, Second, Options)>
class OperatorLayer<Layer, operation>
    : public OptionsLayer<Layer, std::remove_cvref_t<Options>, ModuleOf<Tensor(const Tensor&, Second)>> {
 public:
  using OperatorLayer::OptionsLayer::OptionsLayer;
  Tensor forward(const Tensor& x, Second second) const override { return operation(x, second, this->options_); }
};

}  // namespace tapestry::nn
