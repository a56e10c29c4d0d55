// DCGAN: a network that draws images, and one that tells them from real ones.
#pragma once

#include <cstdint>

#include <tapestry/models/upsampling.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::models {

/// Random numbers (N, latent, 1, 1), normal, → images (N, channels, 32, 32) in (−1, 1): projected to 4·base_channels
/// maps of 4×4 and enlarged three times, with batch norm and ReLU between and tanh at the end (Radford et al.,
/// "Unsupervised representation learning with deep convolutional generative adversarial networks", 2016, figure 1, here
/// for small images). All weights of convolutions begin as N(0, 0.02²).
class DcganGenerator : public nn::Module {
 public:
  struct Options {
    std::int64_t latent = 100;                                   ///< random numbers per image
    std::int64_t base_channels = 64;                             ///< before the last layer, four times as many at first
    std::int64_t channels = 3;                                   ///< of the images
    Upsampling upsampling = Upsampling::transposed_convolution;  ///< how maps are enlarged
  };

  explicit DcganGenerator(const Options& options);
  Tensor forward(const Tensor& z) const override { return main_(z); }

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<DcganGenerator>(options_); }

  Options options_;
  nn::Sequential& main_;
};

/// Images (N, channels, 32, 32) → logits (N, 1, 1, 1), positive for real ones: three convolutions with stride 2 and
/// leaky ReLU, batch norm but for the first, and one over what is left (Radford et al., 2016, section 3). All weights
/// of convolutions begin as N(0, 0.02²).
class DcganDiscriminator : public nn::Module {
 public:
  struct Options {
    std::int64_t base_channels = 64;  ///< after the first layer, four times as many at last
    std::int64_t channels = 3;        ///< of the images
  };

  explicit DcganDiscriminator(const Options& options);
  Tensor forward(const Tensor& x) const override { return main_(x); }

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<DcganDiscriminator>(options_); }

  Options options_;
  nn::Sequential& main_;
};

}  // namespace tapestry::models
