// The convolutional autoencoder, which reconstructs images from a small code.
#pragma once

#include <cstdint>

#include <tapestry/nn/sequential.hpp>

namespace tapestry::models {

/// Images (N, in_channels, H, W) in [0, 1] → images of the same shape in (0, 1), H and W multiples of 4: an encoder of
/// two convolutions with stride 2 and a third one, a code (N, code_channels, H/4, W/4), and a decoder of two transposed
/// convolutions and a last convolution with a sigmoid. Can be trained to reconstruct clean images from noisy ones
/// (Vincent et al., "Extracting and composing robust features with denoising autoencoders", 2008;
/// Masci et al., "Stacked convolutional auto-encoders", 2011; here with batch norm). Throws a ShapeError for images
/// of other sizes.
class Autoencoder : public nn::Module {
 public:
  struct Options {
    std::int64_t in_channels = 3;     ///< channels of the images
    std::int64_t base_channels = 32;  ///< channels at half the size; twice as many at a quarter of the size
    std::int64_t code_channels = 16;  ///< channels of the code
  };

  explicit Autoencoder(const Options& options);
  Tensor forward(const Tensor& x) const override { return decode(encode(x)); }

  /// The first half: images → codes.
  Tensor encode(const Tensor& x) const;
  /// The second half: codes → images.
  Tensor decode(const Tensor& code) const { return decoder_(code); }

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<Autoencoder>(options_); }

  Options options_;
  nn::Sequential& encoder_;
  nn::Sequential& decoder_;
};

}  // namespace tapestry::models
