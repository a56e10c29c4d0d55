// The convolution layer of images.
#pragma once

#include <tapestry/nn/layers/conv_base.hpp>

namespace tapestry::nn {

/// `conv2d` with a weight (out_channels, in_channels / groups, kh, kw) and a bias (out_channels), both uniform in
/// ±1/√fan_in initially, as in PyTorch. Throws a ValueError for options out of range, among them groups that do not
/// divide both channel counts.
class Conv2d : public ConvBase<ConvLayerOptions<Pair, Padding, Conv2dOptions>> {
 public:
  explicit Conv2d(const Options& options) : ConvBase("Conv2d", options) {}
  Conv2d(Conv2d&&) = default;
  Conv2d& operator=(Conv2d&&) = default;
  /// Cannot be made from an object of a derived class, because what that class adds would be lost.
  template <detail::Extends<Conv2d> Derived>
  Conv2d(Derived&&) = delete;  // NOLINT
  template <detail::Extends<Conv2d> Derived>
  Conv2d& operator=(Derived&&) = delete;
  Tensor forward(const Tensor& x) const override { return conv2d(x, weight_, bias_, options_.operator_options()); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Conv2d>(options_); }
};

}  // namespace tapestry::nn
