// The usual layer of convolutional networks since batch normalisation.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/layers/batch_norm_relu2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>

namespace tapestry::nn {

/// relu(bn(conv(x))), the convolution without a bias, which the norm would take away again (Ioffe and Szegedy, "Batch
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

  explicit ConvNormRelu2d(const Options& options);
  Tensor forward(const Tensor& x) override;

 private:
  Conv2d& conv_;
  BatchNormRelu2d& bn_;
};

}  // namespace tapestry::nn
