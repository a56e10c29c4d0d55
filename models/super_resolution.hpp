// ESPCN: super-resolution of images.
#pragma once

#include <cstdint>

#include <tapestry/core/required.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/resampling.hpp>

namespace tapestry::models {

/// Images (N, channels, H, W) → (N, channels, r·H, r·W) with upscale factor r: a 5×5 and a 3×3 convolution with tanh
/// and a third convolution with r² maps per channel, which a pixel shuffle rearranges to the large image (Shi et al.,
/// "Real-time single image and video super-resolution using an efficient sub-pixel convolutional neural network", 2016,
/// figure 1 and section 3.2). Throws a ValueError for a factor below 1.
class SuperResolution : public nn::Module {
 public:
  struct Options {
    Required<std::int64_t> upscale_factor;  ///< ratio of the sides of the result and the input
    std::int64_t channels = 3;              ///< channels of the images
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
