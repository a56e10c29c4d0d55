// The residual block whose norms and ReLUs come before its convolutions.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/layers/batch_norm_relu2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>

namespace tapestry::nn {

/// conv2(relu(bn2(conv1(a)))) + x with a = relu(bn1(x)): nothing stands in the way of the shortcut, so that x reaches
/// the end of a stack of blocks as it is (He et al., "Identity mappings in deep residual networks", 2016, figure 1b).
/// Where size or channels change, the shortcut is a 1×1 convolution of a instead, without norm. Names: bn1, conv1, bn2,
/// conv2, downsample.
class PreActBlock : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_channels;   ///< channels of x
    Required<std::int64_t> out_channels;  ///< channels of the result
    std::int64_t stride = 1;              ///< of the first convolution
  };

  explicit PreActBlock(const Options& options);
  Tensor forward(const Tensor& x) override;

 private:
  BatchNormRelu2d& bn1_;
  Conv2d& conv1_;
  BatchNormRelu2d& bn2_;
  Conv2d& conv2_;
  Conv2d* downsample_ = nullptr;
};

}  // namespace tapestry::nn
