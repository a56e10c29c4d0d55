// U-Net: semantic segmentation of images.
#pragma once

#include <cstdint>
#include <vector>

#include <tapestry/models/upsampling.hpp>
#include <tapestry/nn/blocks/unet_block.hpp>
#include <tapestry/nn/layers/conv2d.hpp>

namespace tapestry::models {

/// Images (N, in_channels, H, W) → logits (N, classes, H, W), H and W multiples of 2^depth. The contracting path
/// repeats `depth` times two 3×3 convolutions and max-pooling and doubles the channels, starting with `base_channels`.
/// The expanding path upsamples, concatenates the map of the same size from the contracting path, and applies two 3×3
/// convolutions (Ronneberger et al., "U-Net: convolutional networks for biomedical image segmentation", 2015, figure 1;
/// here with padding and batch norm). Throws a ValueError for a depth below 1, and a ShapeError for images of other
/// sizes.
class UNet : public nn::Module {
 public:
  struct Options {
    std::int64_t in_channels = 3;                                ///< channels of the images
    std::int64_t classes = 2;                                    ///< logits per pixel
    std::int64_t base_channels = 64;                             ///< channels at full size
    std::int64_t depth = 4;                                      ///< how often the size is halved
    Upsampling upsampling = Upsampling::transposed_convolution;  ///< how to double the size
  };

  explicit UNet(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<UNet>(options_); }

  Options options_;
  nn::Module& add_enlargement(const std::string& name, std::int64_t channels, Upsampling upsampling);

  std::vector<nn::UNetBlock*> down_;  ///< from the largest size to the smallest
  nn::UNetBlock* middle_;
  std::vector<nn::Module*> enlarge_;  ///< from the smallest size to the largest
  std::vector<nn::UNetBlock*> up_;
  nn::Conv2d* head_;
};

}  // namespace tapestry::models
