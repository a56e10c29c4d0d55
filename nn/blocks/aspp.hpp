// Atrous spatial pyramid pooling, the block of DeepLab.
#pragma once

#include <cstdint>
#include <vector>

#include <tapestry/core/required.hpp>
#include <tapestry/nn/layers/dropout.hpp>
#include <tapestry/nn/module_list.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::nn {

/// (N, C, H, W) → (N, out_channels, H, W). Parallel branches with batch norm and ReLU, a 1×1 convolution, 3×3
/// convolutions with several dilations, and global average pooling with a 1×1 convolution, are concatenated and
/// projected by a 1×1 convolution with batch norm, ReLU and dropout (Chen et al., "Rethinking atrous convolution for
/// semantic image segmentation", 2017, figure 5). Names are torchvision's: convs.0.0, …, convs.4.1, project.0,
/// project.1. In training the pooling branch requires more than one image for its batch norm.
class ASPP : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_channels;             ///< channels of x
    std::vector<std::int64_t> rates = {6, 12, 18};  ///< dilations of the 3×3 convolutions
    std::int64_t out_channels = 256;                ///< channels of every branch and of the result
    double dropout = 0.5;                           ///< probability of the dropout at the end
  };

  explicit ASPP(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<ASPP>(options_); }

  Options options_;
  ModuleList<Sequential>& convs_;
  Sequential& project_;
};

}  // namespace tapestry::nn
