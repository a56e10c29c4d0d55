// The transposed convolution layer of sequences.
#pragma once

#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/core/required.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `conv_transpose1d` with a weight (in_channels, out_channels / groups, kernel) and a bias (out_channels), both
/// uniform in ±1/√(out_channels / groups · kernel area) initially, as in PyTorch. Throws a ValueError for options out
/// of range, among them groups that do not divide both channel counts.
class ConvTranspose1d : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_channels;   ///< channels of x
    Required<std::int64_t> out_channels;  ///< channels of the result
    Required<std::int64_t> kernel_size;   ///< elements that a window reads
    std::int64_t stride = 1;              ///< elements of the output from one window to the next
    std::int64_t padding = 0;             ///< elements taken away on either side of the output
    std::int64_t output_padding = 0;      ///< elements more at the end of the output, below stride or dilation
    std::int64_t groups = 1;              ///< independent channel groups
    bool bias = true;                     ///< adds a learnable bias
    std::int64_t dilation = 1;            ///< elements from one kernel element to the next
  };

  explicit ConvTranspose1d(const Options& options);
  Tensor forward(const Tensor& x) const override;

  const Tensor& weight() const { return weight_; }
  /// Undefined without a bias.
  const Tensor& bias() const { return bias_; }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<ConvTranspose1d>(options_); }

  Options options_;
  Parameter weight_;
  Parameter bias_;
};

}  // namespace tapestry::nn
