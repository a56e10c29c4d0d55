// A convolutional network with attention over the whole image.
#pragma once

#include <cstdint>

#include <tapestry/nn/blocks/attention_augmented_conv2d.hpp>
#include <tapestry/nn/blocks/block_parts.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::models {

/// Images (N, 3, H, W) of at most 32×32 pixels → logits (N, classes): five 3×3 convolutions with batch norm and ReLU,
/// with 32, 64, 64, 128 and 128 channels; the second and the fourth have stride 2. A quarter of the channels of the
/// third and the fifth come from attention (Bello et al., "Attention augmented convolutional networks", 2019, figure 2,
/// with κ = υ = 1/4 of its section 3.3). Then global average pooling and a linear head.
class AttentionCnn : public nn::Module {
 public:
  explicit AttentionCnn(std::int64_t classes = 10);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<AttentionCnn>(fc_.weight().size(0)); }

  nn::Conv2d& conv1_ = add("conv1", nn::conv3x3(3, 32));
  nn::BatchNorm2d& bn1_ = add("bn1", nn::BatchNorm2d({.num_features = 32}));
  nn::Conv2d& conv2_ = add("conv2", nn::conv3x3(32, 64, 2));
  nn::BatchNorm2d& bn2_ = add("bn2", nn::BatchNorm2d({.num_features = 64}));
  nn::AttentionAugmentedConv2d& conv3_ = add("conv3", augmented(64, 16));
  nn::BatchNorm2d& bn3_ = add("bn3", nn::BatchNorm2d({.num_features = 64}));
  nn::Conv2d& conv4_ = add("conv4", nn::conv3x3(64, 128, 2));
  nn::BatchNorm2d& bn4_ = add("bn4", nn::BatchNorm2d({.num_features = 128}));
  nn::AttentionAugmentedConv2d& conv5_ = add("conv5", augmented(128, 8));
  nn::BatchNorm2d& bn5_ = add("bn5", nn::BatchNorm2d({.num_features = 128}));
  nn::Linear& fc_;

  static nn::AttentionAugmentedConv2d augmented(std::int64_t channels, std::int64_t size);
};

}  // namespace tapestry::models
