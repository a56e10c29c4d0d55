// The transposed convolution layer of sequences.
#pragma once

#include <tapestry/nn/layers/conv_base.hpp>

namespace tapestry::nn {

/// `conv_transpose1d` with a weight (in_channels, out_channels / groups, kernel) and a bias (out_channels), both
/// uniform in ±1/√(out_channels / groups · kernel area) initially, as in PyTorch. Throws a ValueError for options out
/// of range, among them groups that do not divide both channel counts.
class ConvTranspose1d : public ConvBase<ConvTransposeLayerOptions<std::int64_t, ConvTranspose1dOptions>> {
 public:
  explicit ConvTranspose1d(const Options& options) : ConvBase("ConvTranspose1d", options) {}
  Tensor forward(const Tensor& x) const override {
    return conv_transpose1d(x, weight_, bias_, options_.operator_options());
  }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<ConvTranspose1d>(options_); }
};

}  // namespace tapestry::nn
