// DeepLab: semantic segmentation with dilated convolutions.
#pragma once

#include <cstdint>
#include <vector>

#include <tapestry/core/required.hpp>
#include <tapestry/nn/blocks/aspp.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::models {

/// Feature maps (N, C, H, W) → logits (N, classes, H, W): `nn::ASPP`, a 3×3 convolution with batch norm and ReLU, and a
/// 1×1 convolution (Chen et al., "Rethinking atrous convolution for semantic image segmentation", 2017). The names of
/// parameters are those of torchvision's DeepLabHead.
class DeepLabHead : public nn::Sequential {
 public:
  struct Options {
    Required<std::int64_t> in_channels;              ///< channels of the feature maps
    Required<std::int64_t> classes;                  ///< logits per pixel
    std::vector<std::int64_t> rates = {12, 24, 36};  ///< dilations of the ASPP
    std::int64_t channels = 256;                     ///< channels of the hidden layers
    double dropout = 0.5;                            ///< dropout after the ASPP
  };

  explicit DeepLabHead(const Options& options);

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<DeepLabHead>(options_); }

  Options options_;
};

/// Images (N, 3, H, W), H and W multiples of 4, → logits (N, classes, H, W): a small backbone of six 3×3 convolutions
/// with an output stride of 4, the last two dilated; the head; and bilinear interpolation back to the size of the
/// images (Chen et al., 2017). Throws a ShapeError for images of other sizes.
class DeepLab : public nn::Module {
 public:
  struct Options {
    std::int64_t classes = 2;                     ///< logits per pixel
    std::int64_t base_channels = 32;              ///< channels at half the size; twice as many in the head
    std::vector<std::int64_t> rates = {2, 4, 6};  ///< dilations of the ASPP
    double dropout = 0.1;                         ///< dropout in the head
  };

  explicit DeepLab(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<DeepLab>(options_); }

  Options options_;
  nn::Sequential& backbone_;
  DeepLabHead& classifier_;
};

}  // namespace tapestry::models
