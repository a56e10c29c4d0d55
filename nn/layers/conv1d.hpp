// The convolution layer of sequences.
#pragma once

#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/core/required.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `conv1d` with a weight (out_channels, in_channels / groups, kernel) and a bias (out_channels), both uniform in
/// ±1/√fan_in initially, as in PyTorch. Throws a ValueError for options out of range, among them groups that do not
/// divide both channel counts.
class Conv1d : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_channels;             ///< channels of x
    Required<std::int64_t> out_channels;            ///< channels of the result
    Required<std::int64_t> kernel_size;             ///< elements that a window reads
    std::int64_t stride = 1;                        ///< elements from one window to the next
    Padding1d padding = 0;                          ///< elements on either side
    std::int64_t dilation = 1;                      ///< elements from one kernel element to the next
    std::int64_t groups = 1;                        ///< independent channel groups
    bool bias = true;                               ///< adds a learnable bias
    PaddingMode padding_mode = PaddingMode::zeros;  ///< what the padding holds
  };

  explicit Conv1d(const Options& options);
  Tensor forward(const Tensor& x) const override;

  const Tensor& weight() const { return weight_; }
  /// Undefined without a bias.
  const Tensor& bias() const { return bias_; }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Conv1d>(options_); }

  Options options_;
  Parameter weight_;
  Parameter bias_;
};

}  // namespace tapestry::nn
