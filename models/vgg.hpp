// VGG networks with batch normalization.
#pragma once

#include <array>
#include <cstdint>

#include <tapestry/models/image_size.hpp>
#include <tapestry/nn/module.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::models {

struct VggOptions {
  std::int64_t classes = 1000;          ///< logits per image
  ImageSize images = ImageSize::large;  ///< small: the head's input is one pixel instead of 7×7
  double dropout = 0.5;                 ///< before the last two linear layers
};

/// Images (N, 3, H, W) → logits (N, classes): five stages of 3×3 convolutions with 64, 128, 256, 512 and 512 channels,
/// each with batch norm and ReLU, each stage ended by a max-pool that halves the sides; pooling to 7×7 pixels whatever
/// the size of the image; three linear layers (Simonyan and Zisserman, "Very deep convolutional networks for
/// large-scale image recognition", 2015, table 1). The names of parameters are torchvision's.
class Vgg : public nn::Module {
 public:
  /// `convolutions` is the number of convolutions of each stage.
  explicit Vgg(const std::array<std::int64_t, 5>& convolutions, const VggOptions& options = {});
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<Vgg>(convolutions_, options_); }

  std::array<std::int64_t, 5> convolutions_;
  VggOptions options_;
  std::int64_t side_;  ///< height and width of the head's input
  nn::Sequential& features_;
  nn::Sequential& classifier_;
};

/// The network of 11 layers, column A of the table.
inline Vgg vgg11_bn(const VggOptions& options = {}) {
  return Vgg({1, 1, 2, 2, 2}, options);
}

/// The network of 16 layers, column D of the table.
inline Vgg vgg16_bn(const VggOptions& options = {}) {
  return Vgg({2, 2, 3, 3, 3}, options);
}

}  // namespace tapestry::models
