// Residual networks of four stages.
#pragma once

#include <array>
#include <cstdint>

#include <tapestry/nn/batch_norm_relu2d.hpp>
#include <tapestry/nn/conv2d.hpp>
#include <tapestry/nn/linear.hpp>
#include <tapestry/nn/module.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::models {

/// How a residual network begins: a 7×7 convolution and a max-pool, which divide the sides by four, or for small images
/// a 3×3 convolution, which keeps them.
enum class ResNetStem { large_images, small_images };

/// Images (N, 3, H, W) → logits (N, classes): the stem, four stages of basic blocks with 64, 128, 256 and 512 channels,
/// global average pooling and a linear head (He et al., "Deep residual learning", 2016, table 1). The names of
/// parameters are torchvision's.
class ResNet : public nn::Module {
 public:
  struct Options {
    std::array<std::int64_t, 4> blocks = {2, 2, 2, 2};  ///< of each stage
    std::int64_t classes = 1000;                        ///< logits per image
    ResNetStem stem = ResNetStem::large_images;         ///< how it begins
  };

  explicit ResNet(const Options& options);
  Tensor forward(const Tensor& x) override;

 private:
  bool pools_;
  nn::Conv2d& conv1_;
  nn::BatchNormRelu2d& bn1_;
  nn::Sequential& layer1_;
  nn::Sequential& layer2_;
  nn::Sequential& layer3_;
  nn::Sequential& layer4_;
  nn::Linear& fc_;
};

/// The network of 18 layers.
inline ResNet resnet18(std::int64_t classes = 1000, ResNetStem stem = ResNetStem::large_images) {
  return ResNet({.blocks = {2, 2, 2, 2}, .classes = classes, .stem = stem});
}

/// The network of 34 layers.
inline ResNet resnet34(std::int64_t classes = 1000, ResNetStem stem = ResNetStem::large_images) {
  return ResNet({.blocks = {3, 4, 6, 3}, .classes = classes, .stem = stem});
}

}  // namespace tapestry::models
