// U-Net: an image in, a class for each of its pixels out.
#pragma once

#include <cstdint>
#include <vector>

#include <tapestry/models/upsampling.hpp>
#include <tapestry/nn/blocks/unet_block.hpp>
#include <tapestry/nn/layers/conv2d.hpp>

namespace tapestry::models {

/// Images (N, in_channels, H, W) → logits (N, classes, H, W), H and W multiples of 2^depth: `depth` times two 3×3
/// convolutions and a max-pool that halves the size, the channels doubling from `base_channels` on; and back up by
/// transposed convolutions, or by interpolation and convolutions, each joined with what was at its size on the way down
/// (Ronneberger et al., "U-Net: convolutional networks for biomedical image segmentation", 2015, figure 1; here with
/// padding and batch norm). Throws a ValueError for a depth below 1, a ShapeError for images whose sides are not such
/// multiples.
class UNet : public nn::Module {
 public:
  struct Options {
    std::int64_t in_channels = 3;                                ///< of the images
    std::int64_t classes = 2;                                    ///< logits per pixel
    std::int64_t base_channels = 64;                             ///< at full size
    std::int64_t depth = 4;                                      ///< halvings
    Upsampling upsampling = Upsampling::transposed_convolution;  ///< how sizes double on the way up
  };

  explicit UNet(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<UNet>(options_); }

  Options options_;
  nn::Module& add_enlargement(const std::string& name, std::int64_t channels, Upsampling upsampling);

  std::vector<nn::UNetBlock*> down_;  ///< at each size, the largest first
  nn::UNetBlock* middle_;
  std::vector<nn::Module*> enlarge_;  ///< to each size, the smallest first
  std::vector<nn::UNetBlock*> up_;
  nn::Conv2d* head_;
};

}  // namespace tapestry::models
