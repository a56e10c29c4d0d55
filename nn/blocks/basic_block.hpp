// The residual block of two 3×3 convolutions.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/layers/batch_norm_add_relu2d.hpp>
#include <tapestry/nn/layers/batch_norm_relu2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::nn {

/// relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)) (He et al., "Deep residual learning", 2016, figure 2). The
/// shortcut is the identity, or where size or channels change a 1×1 convolution with batch norm. Names are
/// torchvision's: conv1, bn1, conv2, bn2, downsample.0, downsample.1.
class BasicBlock : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_channels;
    Required<std::int64_t> out_channels;
    std::int64_t stride = 1;
  };

  explicit BasicBlock(const Options& options);
  Tensor forward(const Tensor& x) override;

 private:
  Conv2d& conv1_;
  BatchNormRelu2d& bn1_;
  Conv2d& conv2_;
  BatchNormAddRelu2d& bn2_;
  Sequential* downsample_ = nullptr;
};

}  // namespace tapestry::nn
