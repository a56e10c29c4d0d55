// Activation layers.
#pragma once

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/nn/layers/operator_layer.hpp>

namespace tapestry::nn {

/// `relu` as a layer.
class ReLU : public OperatorLayer<ReLU, relu> {};

/// `relu6` as a layer.
class ReLU6 : public OperatorLayer<ReLU6, relu6> {};

/// `selu` as a layer.
class SELU : public OperatorLayer<SELU, selu> {};

/// `silu` as a layer.
class SiLU : public OperatorLayer<SiLU, silu> {};

/// `hardswish` as a layer.
class Hardswish : public OperatorLayer<Hardswish, hardswish> {};

/// `hardsigmoid` as a layer.
class Hardsigmoid : public OperatorLayer<Hardsigmoid, hardsigmoid> {};

/// `sigmoid` as a layer.
class Sigmoid : public OperatorLayer<Sigmoid, sigmoid> {};

/// `tanh` as a layer.
class Tanh : public OperatorLayer<Tanh, tanh> {};

/// `mish` as a layer.
class Mish : public OperatorLayer<Mish, mish> {};

/// `leaky_relu` as a layer.
class LeakyReLU : public OperatorLayer<LeakyReLU, leaky_relu> {
 public:
  explicit LeakyReLU(const Options& options = {}) : OperatorLayer(options) {}
};

/// `elu` as a layer.
class ELU : public OperatorLayer<ELU, elu> {
 public:
  explicit ELU(const Options& options = {}) : OperatorLayer(options) {}
};

/// `gelu` as a layer.
class GELU : public OperatorLayer<GELU, gelu> {
 public:
  explicit GELU(const Options& options = {}) : OperatorLayer(options) {}
};

/// `softplus` as a layer.
class Softplus : public OperatorLayer<Softplus, softplus> {
 public:
  explicit Softplus(const Options& options = {}) : OperatorLayer(options) {}
};

/// `prelu` with learnable weights: one for all channels, or one per channel. Throws a ValueError for num_parameters
/// below 1.
class PReLU : public Module {
 public:
  struct Options {
    std::int64_t num_parameters = 1;  ///< number of weights: 1, or the number of channels
    double init = 0.25;               ///< the initial value of every weight
  };

  PReLU() : PReLU(Options{}) {}
  explicit PReLU(const Options& options);
  Tensor forward(const Tensor& x) const override { return prelu(x, weight_); }

  const Tensor& weight() const { return weight_; }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<PReLU>(options_); }

  Options options_;
  Parameter weight_;
};

/// `softmax` as a layer.
class Softmax : public OperatorLayer<Softmax, softmax> {
 public:
  explicit Softmax(int axis = -1) : OperatorLayer(axis) {}
};

/// `log_softmax` as a layer.
class LogSoftmax : public OperatorLayer<LogSoftmax, log_softmax> {
 public:
  explicit LogSoftmax(int axis = -1) : OperatorLayer(axis) {}
};

}  // namespace tapestry::nn
