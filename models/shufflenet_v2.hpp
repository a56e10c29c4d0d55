// ShuffleNetV2.
#pragma once

#include <array>
#include <cstdint>

#include <tapestry/models/image_size.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/layers/pooling.hpp>
#include <tapestry/nn/module.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::models {

/// Images (N, 3, H, W) → logits (N, classes): a convolution and max-pooling, three stages of 4, 8 and 4 shuffle units
/// that halve the size, a 1×1 convolution, global average pooling and a linear head (Ma et al., "ShuffleNet
/// V2: practical guidelines for efficient CNN architecture design", 2018, table 5). The names of parameters are
/// torchvision's.
class ShuffleNetV2 : public nn::Module {
 public:
  struct Options {
    /// Channels of the first convolution, the three stages and the last convolution.
    std::array<std::int64_t, 5> channels = {24, 116, 232, 464, 1024};
    std::int64_t classes = 1000;          ///< logits per image
    ImageSize images = ImageSize::large;  ///< small: the first stride is 1, without max-pooling
  };

  explicit ShuffleNetV2(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<ShuffleNetV2>(options_); }

  Options options_;
  nn::Sequential& conv1_;
  nn::MaxPool2d* maxpool_ = nullptr;  ///< null for small images
  nn::Sequential& stage2_;
  nn::Sequential& stage3_;
  nn::Sequential& stage4_;
  nn::Sequential& conv5_;
  nn::Linear& fc_;
};

/// The network with 116, 232 and 464 channels in its stages, "1×" in the paper.
inline ShuffleNetV2 shufflenet_v2_x1_0(std::int64_t classes = 1000, ImageSize images = ImageSize::large) {
  return ShuffleNetV2({.classes = classes, .images = images});
}

}  // namespace tapestry::models
