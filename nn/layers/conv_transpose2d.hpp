// The transposed convolution layer of images.
#pragma once

#include <tapestry/nn/layers/conv_base.hpp>

namespace tapestry::nn {

/// `conv_transpose2d` with a weight (in_channels, out_channels / groups, kh, kw) and a bias (out_channels), both
/// uniform in ±1/√(out_channels / groups · kernel area) initially, as in PyTorch. Throws a ValueError for options out
/// of range, among them groups that do not divide both channel counts.
class ConvTranspose2d : public ConvBase<ConvTransposeLayerOptions<Pair, ConvTranspose2dOptions>> {
 public:
  explicit ConvTranspose2d(const Options& options) : ConvBase("ConvTranspose2d", options) {}
  Tensor forward(const Tensor& x) const override {
    return conv_transpose2d(x, weight_, bias_, options_.operator_options());
  }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<ConvTranspose2d>(options_); }
};

}  // namespace tapestry::nn
