// The convolution layer.
#pragma once

#include <tapestry/autograd/ops/conv.hpp>
#include <tapestry/core/required.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `conv2d` with a weight (out_channels, in_channels / groups, kh, kw) and a bias (out_channels), both uniform in
/// ±1/√fan_in at first, as in PyTorch. Throws a ValueError for options out of range, among them groups that do not
/// divide both channel counts.
class Conv2d : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_channels;
    Required<std::int64_t> out_channels;
    Required<Pair> kernel_size;
    Pair stride = 1;
    Padding padding = 0;
    Pair dilation = 1;
    std::int64_t groups = 1;
    bool bias = true;
  };

  explicit Conv2d(const Options& options);
  Tensor forward(const Tensor& x) override;

  const Tensor& weight() const { return weight_; }
  /// Undefined without a bias.
  const Tensor& bias() const { return bias_; }

 private:
  Conv2dOptions options_;
  Tensor weight_;
  Tensor bias_;
};

}  // namespace tapestry::nn
