// VGG networks with batch normalization.
#pragma once

#include <array>
#include <cstdint>

#include <tapestry/models/image_size.hpp>
#include <tapestry/nn/module.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::models {

/// Images (N, 3, H, W) → logits (N, classes): five stages of 3×3 convolutions with 64, 128, 256, 512 and 512 channels,
/// each with batch norm and ReLU, and 2×2 max-pooling after each stage; adaptive average pooling to 7×7 pixels; three
/// linear layers (Simonyan and Zisserman, "Very deep convolutional networks for
/// large-scale image recognition", 2015, table 1). The names of parameters are torchvision's.
class Vgg : public nn::Module {
 public:
  struct Options {
    std::array<std::int64_t, 5> convolutions = {1, 1, 2, 2, 2};  ///< convolutions of each stage
    std::int64_t classes = 1000;                                 ///< logits per image
    ImageSize images = ImageSize::large;                         ///< small: the head's input is one pixel, not 7×7
    double dropout = 0.5;                                        ///< dropout before the last two linear layers
  };

  explicit Vgg(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<Vgg>(options_); }

  Options options_;
  nn::Sequential& features_;
  nn::Sequential& classifier_;
};

/// The network of 11 layers, column A of the table.
inline Vgg vgg11_bn(std::int64_t classes = 1000, ImageSize images = ImageSize::large) {
  return Vgg({.convolutions = {1, 1, 2, 2, 2}, .classes = classes, .images = images});
}

/// The network of 16 layers, column D of the table.
inline Vgg vgg16_bn(std::int64_t classes = 1000, ImageSize images = ImageSize::large) {
  return Vgg({.convolutions = {2, 2, 3, 3, 3}, .classes = classes, .images = images});
}

}  // namespace tapestry::models
