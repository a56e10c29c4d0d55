// The block that scales each channel by a factor computed from the whole image.
#pragma once

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/core/required.hpp>
#include <tapestry/nn/layers/conv2d.hpp>

namespace tapestry::nn {

/// x · sigmoid(fc2(relu(fc1(mean of x over the image)))): a factor for every channel of every image (Hu, Shen and Sun,
/// "Squeeze-and-excitation networks", 2018, figure 2). The layers are 1×1 convolutions named fc1 and fc2, as in
/// torchvision. Throws a ValueError for channels below 1.
class SqueezeExcite : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_channels;       ///< channels of x and of the result
    Required<std::int64_t> squeeze_channels;  ///< channels between the two layers
  };

  explicit SqueezeExcite(const Options& options) : options_(options) {}
  Tensor forward(const Tensor& x) const override { return x * sigmoid(fc2_(relu(fc1_(global_avg_pool2d(x))))); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<SqueezeExcite>(options_); }

  Options options_;
  Conv2d& fc1_ =
      add("fc1",
          Conv2d({.in_channels = options_.in_channels, .out_channels = options_.squeeze_channels, .kernel_size = 1}));
  Conv2d& fc2_ =
      add("fc2",
          Conv2d({.in_channels = options_.squeeze_channels, .out_channels = options_.in_channels, .kernel_size = 1}));
};

}  // namespace tapestry::nn
