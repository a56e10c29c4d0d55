// Network in Network.
#pragma once

#include <cstdint>

#include <tapestry/nn/layers/dropout.hpp>
#include <tapestry/nn/module.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::models {

/// Images (N, 3, H, W) → logits (N, classes): three layers of a convolution and two 1×1 convolutions, a small
/// perceptron that slides over the image, with pooling and dropout between them; the last makes a map per class, whose
/// mean is its logit, so that there is no linear layer (Lin, Chen and Yan, "Network in network", 2014, with the sizes
/// of the authors' network for CIFAR-10, whose images of 32×32 make maps of 8×8). The maps are taken before their ReLU,
/// which would forbid negative logits.
class NetworkInNetwork : public nn::Module {
 public:
  struct Options {
    std::int64_t classes = 10;  ///< logits per image
    double dropout = 0.5;       ///< after each pooling
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
