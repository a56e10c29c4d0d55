// The pre-activation residual network.
#pragma once

#include <array>
#include <cstdint>

#include <tapestry/nn/blocks/block_parts.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/module.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::models {

/// Small images (N, 3, H, W) → logits (N, classes): a 3×3 convolution, four stages of `nn::PreActBlock`s with 64, 128,
/// 256 and 512 channels, batch norm and ReLU, global average pooling and a linear head (He et al., "Identity mappings
/// in deep residual networks", 2016).
class PreActResNet : public nn::Module {
 public:
  struct Options {
    std::array<std::int64_t, 4> blocks = {2, 2, 2, 2};  ///< blocks of each stage
    std::int64_t classes = 10;                          ///< logits per image
  };

  explicit PreActResNet(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<PreActResNet>(options_); }

  Options options_;
  nn::Conv2d& conv1_ = add("conv1", nn::conv3x3(3, 64));
  nn::Sequential& layer1_;
  nn::Sequential& layer2_;
  nn::Sequential& layer3_;
  nn::Sequential& layer4_;
  nn::BatchNorm2d& norm_ = add("norm", nn::BatchNorm2d({.num_features = 512}));
  nn::Linear& fc_;
};

/// The network of 18 layers.
inline PreActResNet preact_resnet18(std::int64_t classes = 10) {
  return PreActResNet({.blocks = {2, 2, 2, 2}, .classes = classes});
}

}  // namespace tapestry::models
