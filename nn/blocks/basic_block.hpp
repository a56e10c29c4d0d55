// The residual block of two 3×3 convolutions.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/blocks/block_parts.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::nn {

/// relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)) (He et al., "Deep residual learning", 2016, figure 2). The
/// shortcut is the identity, or a 1×1 convolution with batch norm if the size or the channels change. Names are
/// torchvision's: conv1, bn1, conv2, bn2, downsample.0, downsample.1.
class BasicBlock : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_channels;
    Required<std::int64_t> out_channels;
    std::int64_t stride = 1;
  };

  explicit BasicBlock(const Options& options) : options_(options) {}
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<BasicBlock>(options_); }

  Options options_;
  Conv2d& conv1_ = add("conv1", conv3x3(options_.in_channels, options_.out_channels, options_.stride));
  BatchNorm2d& bn1_ = add("bn1", BatchNorm2d({.num_features = options_.out_channels}));
  Conv2d& conv2_ = add("conv2", conv3x3(options_.out_channels, options_.out_channels));
  BatchNorm2d& bn2_ = add("bn2", BatchNorm2d({.num_features = options_.out_channels}));
  Sequential* downsample_ =
      options_.stride == 1 && options_.in_channels == options_.out_channels
          ? nullptr
          : &add("downsample", projection_shortcut(options_.in_channels, options_.out_channels, options_.stride));
};

}  // namespace tapestry::nn
