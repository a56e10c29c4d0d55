// A convolution in two steps: within each channel, then across channels.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/layers/conv2d.hpp>

namespace tapestry::nn {

/// A depthwise convolution and a 1×1 convolution of its result (Chollet, "Xception: deep learning with depthwise
/// separable convolutions", 2017, section 1). 32 → 64 channels with a 3×3 kernel take 32·9 + 32·64 = 2336 weights where
/// a full convolution takes 18432. Names: depthwise.weight, pointwise.weight, pointwise.bias; a bias of the first step
/// would come to the same as one of the second. Throws a ValueError for options out of range.
class DepthwiseSeparableConv : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_channels;   ///< channels of x
    Required<std::int64_t> out_channels;  ///< channels of the result
    Required<Pair> kernel_size;           ///< pixels that a window reads
    Pair stride = 1;                      ///< pixels from one window to the next
    Padding padding = 0;                  ///< zeros on either side
    bool bias = true;                     ///< adds a learnable bias
  };

  explicit DepthwiseSeparableConv(const Options& options) : options_(options) {}
  Tensor forward(const Tensor& x) const override { return pointwise_(depthwise_(x)); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<DepthwiseSeparableConv>(options_); }

  Options options_;
  Conv2d& depthwise_ = add("depthwise", Conv2d({.in_channels = options_.in_channels,
                                                .out_channels = options_.in_channels,
                                                .kernel_size = options_.kernel_size,
                                                .stride = options_.stride,
                                                .padding = options_.padding,
                                                .groups = options_.in_channels,
                                                .bias = false}));
  Conv2d& pointwise_ = add("pointwise", Conv2d({.in_channels = options_.in_channels,
                                                .out_channels = options_.out_channels,
                                                .kernel_size = 1,
                                                .bias = options_.bias}));
};

}  // namespace tapestry::nn
