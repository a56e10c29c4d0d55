// GoogLeNet.
#pragma once

#include <cstdint>
#include <vector>

#include <tapestry/models/image_size.hpp>
#include <tapestry/nn/blocks/conv_norm_relu2d.hpp>
#include <tapestry/nn/blocks/inception.hpp>
#include <tapestry/nn/layers/dropout.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::models {

/// Images (N, 3, H, W) → logits (N, classes): three convolutions, nine Inception blocks with max-pools between them,
/// global average pooling, dropout and a linear head (Szegedy et al., "Going deeper with convolutions", 2015, table 1).
/// With batch norm and in all else as in torchvision, whose names the parameters have; without the auxiliary
/// classifiers, which batch norm makes unnecessary: its `googlenet(aux_logits=False, transform_input=False)`.
class GoogLeNet : public nn::Module {
 public:
  struct Options {
    std::int64_t classes = 1000;          ///< logits per image
    ImageSize images = ImageSize::large;  ///< small: the first kernel is 3×3 at stride 1 and no pool follows
    double dropout = 0.2;                 ///< before the head
  };

  explicit GoogLeNet(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return std::make_unique<GoogLeNet>(options_); }

  Options options_;
  bool pools_first_;
  nn::ConvNormRelu2d& conv1_;
  nn::ConvNormRelu2d& conv2_;
  nn::ConvNormRelu2d& conv3_;
  std::vector<nn::Inception*> stage3_;
  std::vector<nn::Inception*> stage4_;
  std::vector<nn::Inception*> stage5_;
  nn::Dropout& dropout_;
  nn::Linear& fc_;
};

}  // namespace tapestry::models
