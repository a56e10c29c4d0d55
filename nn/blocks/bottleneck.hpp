// The residual block of a 3×3 convolution between two 1×1 convolutions.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/blocks/block_parts.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::nn {

/// relu(bn3(conv3(relu(bn2(conv2(relu(bn1(conv1(x)))))))) + shortcut(x)): a 1×1 convolution to a quarter of the
/// result's channels, a 3×3 convolution and a 1×1 convolution back (He et al., "Deep residual learning", 2016, figure
/// 5). The 3×3 convolution has the stride, as in torchvision; in the paper the first convolution has it. With groups
/// the 3×3 convolution is grouped (Xie et al., "Aggregated residual transformations", 2017, figure 3c). The shortcut is
/// the identity, or a 1×1 convolution with batch norm if the size or the channels change. Names are torchvision's:
/// conv1, bn1, …, bn3, downsample.0, downsample.1. Throws a ValueError for options out of range.
class Bottleneck : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_channels;   ///< channels of x
    Required<std::int64_t> out_channels;  ///< channels of the result, a multiple of 4
    std::int64_t stride = 1;              ///< stride of the 3×3 convolution
    std::int64_t groups = 1;              ///< groups of the 3×3 convolution
    /// Channels of a group if the result has 256 channels, proportional otherwise: the 3×3 convolution has
    /// groups · ⌊out_channels / 4 · base_width / 64⌋ channels.
    std::int64_t base_width = 64;
  };

  explicit Bottleneck(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Bottleneck>(options_); }

  Options options_;
  std::int64_t width_;  ///< channels of the 3×3 convolution
  Conv2d& conv1_ = add("conv1", conv1x1(options_.in_channels, width_));
  BatchNorm2d& bn1_ = add("bn1", BatchNorm2d({.num_features = width_}));
  Conv2d& conv2_ = add("conv2", conv3x3(width_, width_, options_.stride, options_.groups));
  BatchNorm2d& bn2_ = add("bn2", BatchNorm2d({.num_features = width_}));
  Conv2d& conv3_ = add("conv3", conv1x1(width_, options_.out_channels));
  BatchNorm2d& bn3_ = add("bn3", BatchNorm2d({.num_features = options_.out_channels}));
  Sequential* downsample_ =
      options_.stride == 1 && options_.in_channels == options_.out_channels
          ? nullptr
          : &add("downsample", projection_shortcut(options_.in_channels, options_.out_channels, options_.stride));
};

}  // namespace tapestry::nn
