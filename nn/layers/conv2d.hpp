// The convolution layer of images.
#pragma once

#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/core/required.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `conv2d` with a weight (out_channels, in_channels / groups, kh, kw) and a bias (out_channels), both uniform in
/// ±1/√fan_in initially, as in PyTorch. Throws a ValueError for options out of range, among them groups that do not
/// divide both channel counts.
class Conv2d : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_channels;             ///< channels of x
    Required<std::int64_t> out_channels;            ///< channels of the result
    Required<Pair> kernel_size;                     ///< pixels that a window reads
    Pair stride = 1;                                ///< pixels from one window to the next
    Padding padding = 0;                            ///< pixels on either side
    Pair dilation = 1;                              ///< pixels from one kernel element to the next
    std::int64_t groups = 1;                        ///< independent channel groups
    bool bias = true;                               ///< adds a learnable bias
    PaddingMode padding_mode = PaddingMode::zeros;  ///< what the padding holds
  };

  explicit Conv2d(const Options& options);
  Conv2d(Conv2d&&) = default;
  Conv2d& operator=(Conv2d&&) = default;
  /// Not made of an object of a derived class, which would lose what that class adds.
  template <detail::Extends<Conv2d> Derived>
  Conv2d(Derived&&) = delete;  // NOLINT
  template <detail::Extends<Conv2d> Derived>
  Conv2d& operator=(Derived&&) = delete;
  Tensor forward(const Tensor& x) const override;

  const Tensor& weight() const { return weight_; }
  /// Undefined without a bias.
  const Tensor& bias() const { return bias_; }

 protected:
  /// The layer with another weight in place of its own.
  Tensor forward_with(const Tensor& weight, const Tensor& x) const;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Conv2d>(options_); }

  Options options_;
  Parameter weight_;
  Parameter bias_;
};

}  // namespace tapestry::nn
