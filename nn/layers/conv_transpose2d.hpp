// The transposed convolution layer of images.
#pragma once

#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/core/required.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `conv_transpose2d` with a weight (in_channels, out_channels / groups, kh, kw) and a bias (out_channels), both
/// uniform in ±1/√(out_channels / groups · kernel area) initially, as in PyTorch. Throws a ValueError for options out
/// of range, among them groups that do not divide both channel counts.
class ConvTranspose2d : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_channels;   ///< channels of x
    Required<std::int64_t> out_channels;  ///< channels of the result
    Required<Pair> kernel_size;           ///< pixels that a window reads
    Pair stride = 1;                      ///< pixels of the output from one window to the next
    Pair padding = 0;                     ///< pixels taken away on either side of the output
    Pair output_padding = 0;              ///< pixels more at the end of the output, below stride or dilation
    std::int64_t groups = 1;              ///< independent channel groups
    bool bias = true;                     ///< adds a learnable bias
    Pair dilation = 1;                    ///< pixels from one kernel element to the next
  };

  explicit ConvTranspose2d(const Options& options);
  Tensor forward(const Tensor& x) const override;

  const Tensor& weight() const { return weight_; }
  /// Undefined without a bias.
  const Tensor& bias() const { return bias_; }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<ConvTranspose2d>(options_); }

  Options options_;
  Parameter weight_;
  Parameter bias_;
};

}  // namespace tapestry::nn
