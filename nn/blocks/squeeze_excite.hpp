// The block that weighs channels by what the whole image holds.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/layers/conv2d.hpp>

namespace tapestry::nn {

/// x · sigmoid(fc2(relu(fc1(mean of x over the image)))), a factor for every channel of every image (Hu, Shen and Sun,
/// "Squeeze-and-excitation networks", 2018, figure 2). The layers are 1×1 convolutions, as in torchvision, whose names
/// they have: fc1, fc2. Throws a ValueError for channels below 1.
class SqueezeExcite : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_channels;       ///< channels of x and of the result
    Required<std::int64_t> squeeze_channels;  ///< channels between the two layers
  };

  explicit SqueezeExcite(const Options& options);
  Tensor forward(const Tensor& x) override;

 private:
  ConvRelu2d& fc1_;
  Conv2d& fc2_;
};

}  // namespace tapestry::nn
