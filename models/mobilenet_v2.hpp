// MobileNetV2.
#pragma once

#include <cstdint>

#include <tapestry/models/image_size.hpp>
#include <tapestry/nn/module.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::models {

/// Images (N, 3, H, W) → logits (N, classes): a convolution, seventeen inverted residuals, a 1×1 convolution to 1280
/// channels, global average pooling, dropout and a linear head (Sandler et al., "MobileNetV2", 2018, table 2). The
/// names of parameters are torchvision's.
class MobileNetV2 : public nn::Module {
 public:
  struct Options {
    std::int64_t classes = 1000;          ///< logits per image
    ImageSize images = ImageSize::large;  ///< small: stride 1 instead of 2 in the first two layers with stride 2
    double dropout = 0.2;                 ///< dropout before the head
  };

  explicit MobileNetV2(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<MobileNetV2>(options_); }

  Options options_;
  nn::Sequential& features_;
  nn::Sequential& classifier_;
};

}  // namespace tapestry::models
