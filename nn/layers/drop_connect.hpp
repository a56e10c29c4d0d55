// Layers that drop weights in training.
#pragma once

#include <tapestry/autograd/ops/dropout/dropout.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/linear.hpp>

namespace tapestry::nn {

/// `Linear` whose weights pass through `drop_connect` in training: some are zero, for all samples of a batch the same
/// ones; the bias stays. In evaluation, and in its state, it is a Linear. Throws a ValueError for options out of range.
class DropConnectLinear : public Linear {
 public:
  struct Options {
    Linear::Options linear;  ///< the layer
    double p = 0.5;          ///< the probability of a zero weight
  };

  explicit DropConnectLinear(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<DropConnectLinear>(options_); }

  Options options_;
  mutable RandomStream stream_;
};

/// `Conv2d` whose weights pass through `drop_connect` in training: some elements of the kernels are zero, for all
/// samples of a batch the same ones; the bias stays. In evaluation, and in its state, it is a Conv2d. Throws a
/// ValueError for options out of range.
class DropConnectConv2d : public Conv2d {
 public:
  struct Options {
    Conv2d::Options conv;  ///< the convolution
    double p = 0.5;        ///< the probability of a zero weight
  };

  explicit DropConnectConv2d(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<DropConnectConv2d>(options_); }

  Options options_;
  mutable RandomStream stream_;
};

}  // namespace tapestry::nn
