// The block of U-Net.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/layers/batch_norm_relu2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>

namespace tapestry::nn {

/// Two 3×3 convolutions that keep the size, each with batch norm and ReLU: what U-Net does at every size (Ronneberger
/// et al., "U-Net: convolutional networks for biomedical image segmentation", 2015, figure 1; here with padding and
/// batch norm). Names are those of a `Sequential` in which the ReLUs are layers of their own: 0, 1, 3, 4.
class UNetBlock : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_channels;   ///< channels of x
    Required<std::int64_t> out_channels;  ///< channels of both convolutions' results
  };

  explicit UNetBlock(const Options& options);
  Tensor forward(const Tensor& x) override;

 private:
  Conv2d& conv1_;
  BatchNormRelu2d& norm1_;
  Conv2d& conv2_;
  BatchNormRelu2d& norm2_;
};

}  // namespace tapestry::nn
