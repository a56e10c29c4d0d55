// Layers that drop weights in training mode.
#pragma once

#include <tapestry/autograd/ops/dropout/dropout.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/linear.hpp>

namespace tapestry::nn {

/// `Linear` that applies `drop_connect` to its weight in training: some weights are zero, the same ones for all samples
/// of a batch. The bias is not dropped. In evaluation it is a Linear, and its state is that of a Linear. Throws a
/// ValueError for options out of range.
class DropConnectLinear : public Linear {
 public:
  struct Options {
    Linear::Options linear;  ///< the layer
    double p = 0.5;          ///< probability of dropping a weight
  };

  explicit DropConnectLinear(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<DropConnectLinear>(options_); }

  Options options_;
  mutable RandomStream stream_;
};

/// `Conv2d` that applies `drop_connect` to its weight in training: some weights are zero, the same ones for all samples
/// of a batch. The bias is not dropped. In evaluation it is a Conv2d, and its state is that of a Conv2d. Throws a
/// ValueError for options out of range.
class DropConnectConv2d : public Conv2d {
 public:
  struct Options {
    Conv2d::Options conv;  ///< the convolution
    double p = 0.5;        ///< probability of dropping a weight
  };

  explicit DropConnectConv2d(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<DropConnectConv2d>(options_); }

  Options options_;
  mutable RandomStream stream_;
};

}  // namespace tapestry::nn
