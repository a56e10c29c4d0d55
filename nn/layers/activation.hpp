// Activation layers.
#pragma once

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `relu` as a layer.
class ReLU : public Module {
 public:
  Tensor forward(const Tensor& x) const override { return relu(x); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<ReLU>(); }
};

/// `relu6` as a layer.
class ReLU6 : public Module {
 public:
  Tensor forward(const Tensor& x) const override { return relu6(x); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<ReLU6>(); }
};

/// `selu` as a layer.
class SELU : public Module {
 public:
  Tensor forward(const Tensor& x) const override { return selu(x); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<SELU>(); }
};

/// `silu` as a layer.
class SiLU : public Module {
 public:
  Tensor forward(const Tensor& x) const override { return silu(x); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<SiLU>(); }
};

/// `hardswish` as a layer.
class Hardswish : public Module {
 public:
  Tensor forward(const Tensor& x) const override { return hardswish(x); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Hardswish>(); }
};

/// `hardsigmoid` as a layer.
class Hardsigmoid : public Module {
 public:
  Tensor forward(const Tensor& x) const override { return hardsigmoid(x); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Hardsigmoid>(); }
};

/// `sigmoid` as a layer.
class Sigmoid : public Module {
 public:
  Tensor forward(const Tensor& x) const override { return sigmoid(x); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Sigmoid>(); }
};

/// `tanh` as a layer.
class Tanh : public Module {
 public:
  Tensor forward(const Tensor& x) const override { return tanh(x); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Tanh>(); }
};

/// `mish` as a layer.
class Mish : public Module {
 public:
  Tensor forward(const Tensor& x) const override { return mish(x); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Mish>(); }
};

/// `leaky_relu` as a layer.
class LeakyReLU : public Module {
 public:
  explicit LeakyReLU(const LeakyReluOptions& options = {}) : options_(options) {}
  Tensor forward(const Tensor& x) const override { return leaky_relu(x, options_); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<LeakyReLU>(options_); }

  LeakyReluOptions options_;
};

/// `elu` as a layer.
class ELU : public Module {
 public:
  explicit ELU(const EluOptions& options = {}) : options_(options) {}
  Tensor forward(const Tensor& x) const override { return elu(x, options_); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<ELU>(options_); }

  EluOptions options_;
};

/// `gelu` as a layer.
class GELU : public Module {
 public:
  explicit GELU(const GeluOptions& options = {}) : options_(options) {}
  Tensor forward(const Tensor& x) const override { return gelu(x, options_); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<GELU>(options_); }

  GeluOptions options_;
};

/// `softplus` as a layer.
class Softplus : public Module {
 public:
  explicit Softplus(const SoftplusOptions& options = {}) : options_(options) {}
  Tensor forward(const Tensor& x) const override { return softplus(x, options_); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Softplus>(options_); }

  SoftplusOptions options_;
};

/// `prelu` with learnable weights: one for all channels, or one for each. Throws a ValueError for a number below
/// 1.
class PReLU : public Module {
 public:
  struct Options {
    std::int64_t num_parameters = 1;  ///< 1, or the number of channels
    double init = 0.25;               ///< the initial value of every weight
  };

  PReLU() : PReLU(Options{}) {}
  explicit PReLU(const Options& options);
  Tensor forward(const Tensor& x) const override { return prelu(x, weight_); }

  const Tensor& weight() const { return weight_; }

 private:
  std::unique_ptr<ModuleBase> make_like() const override {
    return make<PReLU>(Options{.num_parameters = weight_->size(0)});
  }

  Parameter weight_;
};

/// `softmax` as a layer.
class Softmax : public Module {
 public:
  explicit Softmax(int axis = -1) : axis_(axis) {}
  Tensor forward(const Tensor& x) const override { return softmax(x, axis_); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Softmax>(axis_); }

  int axis_;
};

/// `log_softmax` as a layer.
class LogSoftmax : public Module {
 public:
  explicit LogSoftmax(int axis = -1) : axis_(axis) {}
  Tensor forward(const Tensor& x) const override { return log_softmax(x, axis_); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<LogSoftmax>(axis_); }

  int axis_;
};

}  // namespace tapestry::nn
