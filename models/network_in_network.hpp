// Network in Network.
#pragma once

#include <cstdint>

#include <tapestry/nn/layers/dropout.hpp>
#include <tapestry/nn/module.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::models {

/// Images (N, 3, H, W) → logits (N, classes): three stages of a convolution and two 1×1 convolutions, with pooling and
/// dropout in between. The last stage computes a map per class, and global average pooling its logit, without a linear
/// layer (Lin, Chen and Yan, "Network in network", 2014, with the sizes of the authors' network for CIFAR-10, where
/// images of 32×32 pixels give maps of 8×8). The last maps have no ReLU, which would prevent negative logits.
class NetworkInNetwork : public nn::Module {
 public:
  struct Options {
    std::int64_t classes = 10;  ///< logits per image
    double dropout = 0.5;       ///< dropout after each pooling
  };

  explicit NetworkInNetwork(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<NetworkInNetwork>(options_); }

  Options options_;
  nn::Sequential& mlpconv1_;
  nn::Dropout& dropout1_;
  nn::Sequential& mlpconv2_;
  nn::Dropout& dropout2_;
  nn::Sequential& mlpconv3_;
};

}  // namespace tapestry::models
