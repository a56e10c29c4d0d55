// The convolution layer of sequences.
#pragma once

#include <tapestry/nn/layers/conv_base.hpp>

namespace tapestry::nn {

/// `conv1d` with a weight (out_channels, in_channels / groups, kernel) and a bias (out_channels), both uniform in
/// ±1/√fan_in initially, as in PyTorch. Throws a ValueError for options out of range, among them groups that do not
/// divide both channel counts.
class Conv1d : public ConvBase<ConvLayerOptions<std::int64_t, Padding1d, Conv1dOptions>> {
 public:
  explicit Conv1d(const Options& options) : ConvBase("Conv1d", options) {}
  Tensor forward(const Tensor& x) const override { return conv1d(x, weight_, bias_, options_.operator_options()); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Conv1d>(options_); }
};

}  // namespace tapestry::nn
