// GoogLeNet.
#pragma once

#include <cstdint>
#include <memory>

#include <tapestry/models/image_size.hpp>
#include <tapestry/nn/blocks/conv_norm_relu2d.hpp>
#include <tapestry/nn/blocks/inception.hpp>
#include <tapestry/nn/layers/dropout.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::models {

/// Images (N, 3, H, W) → logits (N, classes): three convolutions, nine Inception blocks with max-pools between them,
/// global average pooling, dropout and a linear head (Szegedy et al., "Going deeper with convolutions", 2015, table 1).
/// Equivalent to torchvision's `googlenet(aux_logits=False, transform_input=False)`, with the same names of parameters:
/// with batch norm, which makes the auxiliary classifiers unnecessary.
class GoogLeNet : public nn::Module {
 public:
  struct Options {
    std::int64_t classes = 1000;          ///< logits per image
    ImageSize images = ImageSize::large;  ///< small: the first kernel is 3×3 with stride 1, without pooling
    double dropout = 0.2;                 ///< dropout before the head
  };

  explicit GoogLeNet(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<GoogLeNet>(options_); }

  Options options_;
  nn::ConvNormRelu2d& conv1_ =
      add("conv1", options_.images == ImageSize::small ? nn::basic_conv2d(3, 64, 3) : nn::basic_conv2d(3, 64, 7, 2));
  nn::ConvNormRelu2d& conv2_ = add("conv2", nn::basic_conv2d(64, 64, 1));
  nn::ConvNormRelu2d& conv3_ = add("conv3", nn::basic_conv2d(64, 192, 3));
  // In channels, then the columns of table 1 from "#1×1" to "pool proj".
  nn::Inception& inception3a_ = add("inception3a", nn::Inception({192, 64, 96, 128, 16, 32, 32}));
  nn::Inception& inception3b_ = add("inception3b", nn::Inception({256, 128, 128, 192, 32, 96, 64}));
  nn::Inception& inception4a_ = add("inception4a", nn::Inception({480, 192, 96, 208, 16, 48, 64}));
  nn::Inception& inception4b_ = add("inception4b", nn::Inception({512, 160, 112, 224, 24, 64, 64}));
  nn::Inception& inception4c_ = add("inception4c", nn::Inception({512, 128, 128, 256, 24, 64, 64}));
  nn::Inception& inception4d_ = add("inception4d", nn::Inception({512, 112, 144, 288, 32, 64, 64}));
  nn::Inception& inception4e_ = add("inception4e", nn::Inception({528, 256, 160, 320, 32, 128, 128}));
  nn::Inception& inception5a_ = add("inception5a", nn::Inception({832, 256, 160, 320, 32, 128, 128}));
  nn::Inception& inception5b_ = add("inception5b", nn::Inception({832, 384, 192, 384, 48, 128, 128}));
  nn::Dropout& dropout_ = add("dropout", nn::Dropout({.p = options_.dropout}));
  nn::Linear& fc_ = add("fc", nn::Linear({.in_features = 1024, .out_features = options_.classes}));
};

}  // namespace tapestry::models
