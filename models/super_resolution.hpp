// ESPCN: a small image in, a large one out.
#pragma once

#include <cstdint>

#include <tapestry/core/required.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/resampling.hpp>

namespace tapestry::models {

/// Images (N, channels, H, W) → (N, channels, r·H, r·W), r the upscale factor: convolutions of 5×5 and 3×3 with tanh
/// and a third one, all at the small size, whose r² maps per channel the pixel shuffle puts side by side (Shi et al.,
/// "Real-time single image and video super-resolution using an efficient sub-pixel convolutional neural network", 2016,
/// figure 1 and section 3.2). Throws a ValueError for a factor below 1.
class SuperResolution : public nn::Module {
 public:
  struct Options {
    Required<std::int64_t> upscale_factor;  ///< pixels of a side per pixel of the small image
    std::int64_t channels = 3;              ///< of the images
  };

  explicit SuperResolution(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<SuperResolution>(options_); }

  Options options_;
  nn::Conv2d& conv1_;
  nn::Conv2d& conv2_;
  nn::Conv2d& conv3_;
  nn::PixelShuffle& shuffle_;
};

}  // namespace tapestry::models
