// DCGAN: a generator of images and a discriminator.
#pragma once

#include <cstdint>

#include <tapestry/models/upsampling.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::models {

/// Normal random numbers (N, latent, 1, 1) → images (N, channels, 32, 32) in (−1, 1): a projection to 4·base_channels
/// maps of 4×4 pixels, upsampled three times, with batch norm and ReLU in between and tanh at the end (Radford et al.,
/// "Unsupervised representation learning with deep convolutional generative adversarial networks", 2016, figure 1, here
/// for small images). Weights of convolutions are initialized from N(0, 0.02²).
class DcganGenerator : public nn::Module {
 public:
  struct Options {
    std::int64_t latent = 100;        ///< random numbers per image
    std::int64_t base_channels = 64;  ///< channels before the last layer; four times as many at first
    std::int64_t channels = 3;        ///< channels of the images
    Upsampling upsampling = Upsampling::transposed_convolution;  ///< how to double the size
  };

  explicit DcganGenerator(const Options& options);
  Tensor forward(const Tensor& z) const override { return main_(z); }

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<DcganGenerator>(options_); }

  Options options_;
  nn::Sequential& main_;
};

/// Images (N, channels, 32, 32) → logits (N, 1, 1, 1), positive for real images: three convolutions with stride 2 and
/// leaky ReLU, all but the first with batch norm, and a 4×4 convolution (Radford et al., 2016, section 3). Weights of
/// convolutions are initialized from N(0, 0.02²).
class DcganDiscriminator : public nn::Module {
 public:
  struct Options {
    std::int64_t base_channels = 64;  ///< channels after the first layer; four times as many at the end
    std::int64_t channels = 3;        ///< channels of the images
  };

  explicit DcganDiscriminator(const Options& options);
  Tensor forward(const Tensor& x) const override { return main_(x); }

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<DcganDiscriminator>(options_); }

  Options options_;
  nn::Sequential& main_;
};

}  // namespace tapestry::models
