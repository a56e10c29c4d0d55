// A convolutional network that sees the whole image at once.
#pragma once

#include <cstdint>

#include <tapestry/nn/blocks/attention_augmented_conv2d.hpp>
#include <tapestry/nn/layers/batch_norm_relu2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::models {

/// Images (N, 3, H, W) of at most 32×32 pixels → logits (N, classes): five 3×3 convolutions with batch norm and ReLU,
/// of 32, 64, 64, 128 and 128 channels, of which the second and the fourth halve the size. A quarter of the channels of
/// the third and the fifth come from attention (Bello et al., "Attention augmented convolutional networks", 2019,
/// figure 2, with κ = υ = 1/4 of its section 3.3). Then global average pooling and a linear head.
class AttentionCnn : public nn::Module {
 public:
  explicit AttentionCnn(std::int64_t classes = 10);
  Tensor forward(const Tensor& x) override;

 private:
  nn::Conv2d& conv1_;
  nn::BatchNormRelu2d& bn1_;
  nn::Conv2d& conv2_;
  nn::BatchNormRelu2d& bn2_;
  nn::AttentionAugmentedConv2d& conv3_;
  nn::BatchNormRelu2d& bn3_;
  nn::Conv2d& conv4_;
  nn::BatchNormRelu2d& bn4_;
  nn::AttentionAugmentedConv2d& conv5_;
  nn::BatchNormRelu2d& bn5_;
  nn::Linear& fc_;
};

}  // namespace tapestry::models
