// The block of MobileNetV2.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::nn {

/// A 1×1 convolution to `expand_ratio` times the channels (omitted if that is 1), a depthwise 3×3 convolution and a 1×1
/// convolution to fewer channels, each with batch norm, the first two with ReLU6. Adds x if the result has its shape
/// (Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", 2018, figure 4). Names are
/// torchvision's: conv.0.0, conv.0.1, … Throws a ValueError for an expand_ratio below 1.
class InvertedResidual : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_channels;   ///< channels of x
    Required<std::int64_t> out_channels;  ///< channels of the result
    std::int64_t stride = 1;              ///< stride of the depthwise convolution
    std::int64_t expand_ratio = 6;        ///< factor of the channels between the 1×1 convolutions
  };

  explicit InvertedResidual(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<InvertedResidual>(options_); }

  Options options_;
  Sequential& conv_;
};

}  // namespace tapestry::nn
