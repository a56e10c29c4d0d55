// The block of GoogLeNet.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/blocks/conv_norm_relu2d.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::nn {

/// A kernel × kernel convolution that keeps the size at stride 1, with batch norm, whose eps is 0.001, and ReLU:
/// torchvision's BasicConv2d.
ConvNormRelu2d basic_conv2d(std::int64_t in_channels, std::int64_t out_channels, std::int64_t kernel_size,
                            std::int64_t stride = 1);

/// Four parallel branches whose channels are concatenated: a 1×1 convolution; a 3×3 and a "5×5" convolution, each after
/// a 1×1 convolution that reduces the channels; 3×3 max-pooling and a 1×1 convolution (Szegedy et al., "Going deeper
/// with convolutions", 2015, figure 2b). As in torchvision, every convolution is a `basic_conv2d`, and the kernel of
/// the "5×5" branch is 3×3. The names of parameters are torchvision's: branch1.conv, branch2.0.conv, branch4.1.bn, …
/// Throws a ValueError for channels below 1.
class Inception : public Module {
 public:
  /// Numbers of channels in torchvision's order and under its names; the result has ch1x1 + ch3x3 + ch5x5 + pool_proj.
  struct Options {
    Required<std::int64_t> in_channels;  ///< of x
    Required<std::int64_t> ch1x1;        ///< of the first branch
    Required<std::int64_t> ch3x3red;     ///< before the 3×3 convolution
    Required<std::int64_t> ch3x3;        ///< of the second branch
    Required<std::int64_t> ch5x5red;     ///< before the "5×5" convolution
    Required<std::int64_t> ch5x5;        ///< of the third branch
    Required<std::int64_t> pool_proj;    ///< of the fourth branch
  };

  explicit Inception(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Inception>(options_); }

  Options options_;
  ConvNormRelu2d& branch1_;
  Sequential& branch2_;
  Sequential& branch3_;
  Sequential& branch4_;
};

}  // namespace tapestry::nn
