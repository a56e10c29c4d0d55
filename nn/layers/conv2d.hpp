// The convolution layer of images.
#pragma once

#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/core/required.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `conv2d` with a weight (out_channels, in_channels / groups, kh, kw) and a bias (out_channels), both uniform in
/// ±1/√fan_in at first, as in PyTorch. Throws a ValueError for options out of range, among them groups that do not
/// divide both channel counts.
class Conv2d : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_channels;             ///< channels of x
    Required<std::int64_t> out_channels;            ///< channels of the result
    Required<Pair> kernel_size;                     ///< pixels that a window reads
    Pair stride = 1;                                ///< pixels from one window to the next
    Padding padding = 0;                            ///< pixels on either side
    Pair dilation = 1;                              ///< pixels from one kernel element to the next
    std::int64_t groups = 1;                        ///< parts of the channels that do not see each other
    bool bias = true;                               ///< whether there is one
    PaddingMode padding_mode = PaddingMode::zeros;  ///< what the padding holds
  };

  explicit Conv2d(const Options& options);
  Tensor forward(const Tensor& x) override;

  const Tensor& weight() const { return weight_; }
  /// Undefined without a bias.
  const Tensor& bias() const { return bias_; }

 protected:
  /// The layer with another weight in the place of its own.
  Tensor forward_with(const Tensor& weight, const Tensor& x) const { return conv2d(x, weight, bias_, options_); }
  const Conv2dOptions& operator_options() const { return options_; }

 private:
  Conv2dOptions options_;
  Tensor weight_;
  Tensor bias_;
};

/// A `Conv2d` and a `ReLU` in one layer, computed by `conv2d_relu`, with the parameters of the `Conv2d`.
class ConvRelu2d : public Conv2d {
 public:
  using Conv2d::Conv2d;
  Tensor forward(const Tensor& x) override { return conv2d_relu(x, weight(), bias(), operator_options()); }
};

}  // namespace tapestry::nn
