// The residual block of a 3×3 convolution between two 1×1 ones.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/layers/batch_norm_add_relu2d.hpp>
#include <tapestry/nn/layers/batch_norm_relu2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::nn {

/// relu(bn3(conv3(relu(bn2(conv2(relu(bn1(conv1(x)))))))) + shortcut(x)): a 1×1 convolution to a quarter of the
/// result's channels, a 3×3 convolution and a 1×1 convolution back (He et al., "Deep residual learning", 2016, figure
/// 5). The stride is that of the 3×3 convolution, as in torchvision, where the paper has it in the first. With groups
/// the 3×3 convolution is grouped (Xie et al., "Aggregated residual transformations", 2017, figure 3c). The shortcut is
/// the identity, or where size or channels change a 1×1 convolution with batch norm. Names are torchvision's: conv1,
/// bn1, …, bn3, downsample.0, downsample.1. Throws a ValueError for options out of range.
class Bottleneck : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_channels;   ///< channels of x
    Required<std::int64_t> out_channels;  ///< channels of the result, a multiple of 4
    std::int64_t stride = 1;              ///< of the 3×3 convolution
    std::int64_t groups = 1;              ///< of the 3×3 convolution
    /// Channels of a group where the result has 256, and in proportion elsewhere: the 3×3 convolution has
    /// groups · ⌊out_channels / 4 · base_width / 64⌋.
    std::int64_t base_width = 64;
  };

  explicit Bottleneck(const Options& options);
  Tensor forward(const Tensor& x) override;

 private:
  Bottleneck(const Options& options, std::int64_t width);

  Conv2d& conv1_;
  BatchNormRelu2d& bn1_;
  Conv2d& conv2_;
  BatchNormRelu2d& bn2_;
  Conv2d& conv3_;
  BatchNormAddRelu2d& bn3_;
  Sequential* downsample_ = nullptr;
};

}  // namespace tapestry::nn
