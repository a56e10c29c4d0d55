// The block of ShuffleNetV2.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::nn {

/// At stride 1, half of the channels pass through unchanged and the other half through a 1×1, a depthwise 3×3 and
/// another 1×1 convolution, each with batch norm, the 1×1 ones also with ReLU. At larger strides both halves of the
/// result are computed from all of x, the first by a depthwise 3×3 and a 1×1 convolution only. A channel shuffle then
/// mixes the halves (Ma et al., "ShuffleNet V2: practical guidelines for efficient CNN architecture
/// design", 2018, figure 3c and d). Names are torchvision's: branch1.0, …, branch2.6. Throws a ValueError for an odd
/// number of out_channels, or when channels change at stride 1.
class ShuffleUnit : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_channels;   ///< channels of x
    Required<std::int64_t> out_channels;  ///< channels of the result, an even number
    std::int64_t stride = 1;              ///< stride of the depthwise convolutions
  };

  explicit ShuffleUnit(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<ShuffleUnit>(options_); }

  Options options_;
  Sequential* branch1_ = nullptr;  ///< null at stride 1
  Sequential* branch2_;
};

}  // namespace tapestry::nn
