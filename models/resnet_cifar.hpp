// Residual networks for small images.
#pragma once

#include <tapestry/nn/blocks/block_parts.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/module.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::models {

/// Images (N, 3, H, W) → logits (N, classes): a 3×3 convolution, three stages of basic blocks with 16, 32 and 64
/// channels, global average pooling and a linear head (He et al., "Deep residual learning", 2016, section 4.2), with
/// 1×1 projection shortcuts. 6·blocks_per_stage + 2 layers.
class ResNetCifar : public nn::Module {
 public:
  explicit ResNetCifar(std::int64_t blocks_per_stage, std::int64_t classes = 10);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override {
    return make<ResNetCifar>(std::ssize(layer1_.children()), fc_.weight().size(0));
  }

  nn::Conv2d& conv1_ = add("conv1", nn::conv3x3(3, 16));
  nn::BatchNorm2d& bn1_ = add("bn1", nn::BatchNorm2d({.num_features = 16}));
  nn::Sequential& layer1_;
  nn::Sequential& layer2_;
  nn::Sequential& layer3_;
  nn::Linear& fc_;
};

/// The network of 20 layers.
inline ResNetCifar resnet20(std::int64_t classes = 10) {
  return ResNetCifar(3, classes);
}

/// The network of 32 layers.
inline ResNetCifar resnet32(std::int64_t classes = 10) {
  return ResNetCifar(5, classes);
}

/// The network of 56 layers.
inline ResNetCifar resnet56(std::int64_t classes = 10) {
  return ResNetCifar(9, classes);
}

}  // namespace tapestry::models
