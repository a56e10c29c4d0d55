// The block of U-Net.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::nn {

/// Two 3×3 convolutions that keep the size, each with batch norm and ReLU: the layers of U-Net at one size (Ronneberger
/// et al., "U-Net: convolutional networks for biomedical image segmentation", 2015, figure 1; here with padding and
/// batch norm).
class UNetBlock : public Sequential {
 public:
  struct Options {
    Required<std::int64_t> in_channels;   ///< channels of x
    Required<std::int64_t> out_channels;  ///< output channels of both convolutions
  };

  explicit UNetBlock(const Options& options);

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<UNetBlock>(options_); }

  Options options_;
};

}  // namespace tapestry::nn
