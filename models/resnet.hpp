// Residual networks of four stages.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <tapestry/models/image_size.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/module.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::models {

/// The 3×3 convolutions of bottlenecks (see `nn::Bottleneck`); ResNeXt has 32 groups of base width 4.
struct BottleneckWidth {
  std::int64_t groups = 1;
  std::int64_t base_width = 64;
};

/// Images (N, 3, H, W) → logits (N, classes): a stem, four stages of basic blocks with 64, 128, 256 and 512 channels,
/// or of bottlenecks with four times as many, global average pooling and a linear head (He et al., "Deep residual
/// learning", 2016, table 1). The stem is a 7×7 convolution and max-pooling with a total stride of 4; for small images
/// it is a 3×3 convolution with stride 1. The names of parameters are torchvision's.
class ResNet : public nn::Module {
 public:
  struct Options {
    std::array<std::int64_t, 4> blocks = {2, 2, 2, 2};          ///< blocks of each stage
    std::optional<BottleneckWidth> bottlenecks = std::nullopt;  ///< use bottlenecks instead of basic blocks
    std::int64_t classes = 1000;                                ///< logits per image
    ImageSize images = ImageSize::large;                        ///< selects the stem
  };

  explicit ResNet(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<ResNet>(options_); }

  Options options_;
  nn::Conv2d& conv1_;
  nn::BatchNorm2d& bn1_ = add("bn1", nn::BatchNorm2d({.num_features = 64}));
  nn::Sequential& layer1_;
  nn::Sequential& layer2_;
  nn::Sequential& layer3_;
  nn::Sequential& layer4_;
  nn::Linear& fc_;
};

/// The network of 18 layers.
inline ResNet resnet18(std::int64_t classes = 1000, ImageSize images = ImageSize::large) {
  return ResNet({.blocks = {2, 2, 2, 2}, .classes = classes, .images = images});
}

/// The network of 34 layers.
inline ResNet resnet34(std::int64_t classes = 1000, ImageSize images = ImageSize::large) {
  return ResNet({.blocks = {3, 4, 6, 3}, .classes = classes, .images = images});
}

/// The network of 50 layers, with bottlenecks.
inline ResNet resnet50(std::int64_t classes = 1000, ImageSize images = ImageSize::large) {
  return ResNet({.blocks = {3, 4, 6, 3}, .bottlenecks = BottleneckWidth{}, .classes = classes, .images = images});
}

/// ResNeXt-50 32×4d, whose bottlenecks have grouped convolutions (Xie et al., "Aggregated residual transformations for
/// deep neural networks", 2017, table 1).
inline ResNet resnext50_32x4d(std::int64_t classes = 1000, ImageSize images = ImageSize::large) {
  return ResNet({.blocks = {3, 4, 6, 3},
                 .bottlenecks = BottleneckWidth{.groups = 32, .base_width = 4},
                 .classes = classes,
                 .images = images});
}

}  // namespace tapestry::models
