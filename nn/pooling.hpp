// Pooling layers.
#pragma once

#include <tapestry/autograd/ops/pooling.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `max_pool2d` as a layer. Options out of range are refused when the layer is made.
class MaxPool2d : public Module {
 public:
  explicit MaxPool2d(const MaxPool2dOptions& options) : options_(options) {
    check_max_pool2d_options("MaxPool2d", options);
  }
  Tensor forward(const Tensor& x) override { return max_pool2d(x, options_); }

 private:
  MaxPool2dOptions options_;
};

/// `avg_pool2d` as a layer. Options out of range are refused when the layer is made.
class AvgPool2d : public Module {
 public:
  explicit AvgPool2d(const AvgPool2dOptions& options) : options_(options) {
    check_avg_pool2d_options("AvgPool2d", options);
  }
  Tensor forward(const Tensor& x) override { return avg_pool2d(x, options_); }

 private:
  AvgPool2dOptions options_;
};

/// `global_avg_pool2d` as a layer: (N, C, H, W) → (N, C, 1, 1).
class GlobalAvgPool2d : public Module {
 public:
  Tensor forward(const Tensor& x) override { return global_avg_pool2d(x); }
};

}  // namespace tapestry::nn
