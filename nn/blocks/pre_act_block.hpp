// The residual block with norms and ReLUs before its convolutions.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/blocks/block_parts.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>

namespace tapestry::nn {

/// conv2(relu(bn2(conv1(a)))) + x with a = relu(bn1(x)). Nothing is applied to the shortcut, so x reaches the end of a
/// stack of blocks unchanged (He et al., "Identity mappings in deep residual networks", 2016, figure 1b). If the size
/// or the channels change, the shortcut is a 1×1 convolution of a instead, without a norm. Names: bn1, conv1, bn2,
/// conv2, downsample.
class PreActBlock : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_channels;   ///< channels of x
    Required<std::int64_t> out_channels;  ///< channels of the result
    std::int64_t stride = 1;              ///< stride of the first convolution
  };

  explicit PreActBlock(const Options& options) : options_(options) {}
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<PreActBlock>(options_); }

  Options options_;
  BatchNorm2d& bn1_ = add("bn1", BatchNorm2d({.num_features = options_.in_channels}));
  Conv2d& conv1_ = add("conv1", conv3x3(options_.in_channels, options_.out_channels, options_.stride));
  BatchNorm2d& bn2_ = add("bn2", BatchNorm2d({.num_features = options_.out_channels}));
  Conv2d& conv2_ = add("conv2", conv3x3(options_.out_channels, options_.out_channels));
  Conv2d* downsample_ = options_.stride == 1 && options_.in_channels == options_.out_channels
                            ? nullptr
                            : &add("downsample", conv1x1(options_.in_channels, options_.out_channels, options_.stride));
};

}  // namespace tapestry::nn
