// Activation layers.
#pragma once

#include <tapestry/autograd/ops/activation.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `relu` as a layer.
class ReLU : public Module {
 public:
  Tensor forward(const Tensor& x) override { return relu(x); }
};

/// `softmax` as a layer.
class Softmax : public Module {
 public:
  explicit Softmax(int axis = -1) : axis_(axis) {}
  Tensor forward(const Tensor& x) override { return softmax(x, axis_); }

 private:
  int axis_;
};

/// `log_softmax` as a layer.
class LogSoftmax : public Module {
 public:
  explicit LogSoftmax(int axis = -1) : axis_(axis) {}
  Tensor forward(const Tensor& x) override { return log_softmax(x, axis_); }

 private:
  int axis_;
};

}  // namespace tapestry::nn
