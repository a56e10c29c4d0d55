// AlexNet.
#pragma once

#include <cstdint>

#include <tapestry/models/image_size.hpp>
#include <tapestry/nn/module.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::models {

/// Images (N, 3, H, W) → logits (N, classes): five convolutions with max-pooling after the first, second and fifth,
/// adaptive average pooling to 6×6 pixels, and three linear layers with dropout before the first two (Krizhevsky,
/// Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks", 2012, in the form of
/// Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014: without channel groups and
/// local response normalization). The names of parameters are torchvision's.
class AlexNet : public nn::Module {
 public:
  struct Options {
    std::int64_t classes = 1000;          ///< logits per image
    ImageSize images = ImageSize::large;  ///< small: the first kernel is 3×3 with stride 1 and the head's input 3×3
    double dropout = 0.5;                 ///< dropout before the first two linear layers
  };

  explicit AlexNet(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<AlexNet>(options_); }

  Options options_;
  nn::Sequential& features_;
  nn::Sequential& classifier_;
};

}  // namespace tapestry::models
