// A depthwise convolution followed by a pointwise one.
#pragma once

#include <tapestry/nn/layers/conv2d.hpp>

namespace tapestry::nn {

/// A depthwise convolution followed by a 1×1 convolution (Chollet, "Xception: deep learning with depthwise separable
/// convolutions", 2017, section 1). 32 → 64 channels with a 3×3 kernel need 32·9 + 32·64 = 2336 weights instead of the
/// 18432 of a full convolution. Of the options, `groups` and `bias` apply to the 1×1 convolution and the others to the
/// depthwise one, whose bias would have the same effect. Names: depthwise.weight, pointwise.weight, pointwise.bias.
/// Throws a ValueError for options out of range.
class DepthwiseSeparableConv : public Module {
 public:
  using Options = Conv2d::Options;

  explicit DepthwiseSeparableConv(const Options& options) : options_(options) {}
  Tensor forward(const Tensor& x) const override { return pointwise_(depthwise_(x)); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<DepthwiseSeparableConv>(options_); }

  static Conv2d depthwise(Options options) {
    options.out_channels = options.in_channels;
    options.groups = options.in_channels;
    options.bias = false;
    return Conv2d(options);
  }

  Options options_;
  Conv2d& depthwise_ = add("depthwise", depthwise(options_));
  Conv2d& pointwise_ = add("pointwise", Conv2d({.in_channels = options_.in_channels,
                                                .out_channels = options_.out_channels,
                                                .kernel_size = 1,
                                                .groups = options_.groups,
                                                .bias = options_.bias}));
};

}  // namespace tapestry::nn
