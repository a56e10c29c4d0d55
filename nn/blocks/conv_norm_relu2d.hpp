// A convolution with batch normalization and a ReLU.
#pragma once

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/core/required.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>

namespace tapestry::nn {

/// relu(bn(conv(x))). The convolution has no bias because the norm would cancel it (Ioffe and Szegedy, "Batch
/// normalization", 2015, section 3.2). Names are those of torchvision's BasicConv2d: conv and bn. Throws a ValueError
/// for options out of range.
class ConvNormRelu2d : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_channels;   ///< channels of x
    Required<std::int64_t> out_channels;  ///< channels of the result
    Required<Pair> kernel_size;           ///< pixels that a window reads
    Pair stride = 1;                      ///< pixels from one window to the next
    Padding padding = 0;                  ///< pixels on either side
    double eps = 1e-5;                    ///< added to the variance
  };

  explicit ConvNormRelu2d(const Options& options) : options_(options) {}
  Tensor forward(const Tensor& x) const override { return relu(bn_(conv_(x))); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<ConvNormRelu2d>(options_); }

  Options options_;
  Conv2d& conv_ = add("conv", Conv2d({.in_channels = options_.in_channels,
                                      .out_channels = options_.out_channels,
                                      .kernel_size = options_.kernel_size,
                                      .stride = options_.stride,
                                      .padding = options_.padding,
                                      .bias = false}));
  BatchNorm2d& bn_ = add("bn", BatchNorm2d({.num_features = options_.out_channels, .eps = options_.eps}));
};

}  // namespace tapestry::nn
