// The small convolutional network of the first example.
#pragma once

#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/dropout.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::models {

/// Images (N, 3, 32, 32) → logits (N, classes): two stages of two 3×3 convolutions with ReLU and 2×2 max-pooling,
/// with 32 and 64 channels, then two linear layers, 4096 → 256 → classes, with ReLU and dropout between them. Weights
/// before a ReLU are initialized with `nn::init::kaiming_normal`.
class SmallCnn : public nn::Module {
 public:
  explicit SmallCnn(std::int64_t classes = 10);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<SmallCnn>(head_.weight().size(0)); }

  nn::Conv2d& conv1_ = add("conv1", nn::Conv2d({.in_channels = 3, .out_channels = 32, .kernel_size = 3, .padding = 1}));
  nn::Conv2d& conv2_ =
      add("conv2", nn::Conv2d({.in_channels = 32, .out_channels = 32, .kernel_size = 3, .padding = 1}));
  nn::Conv2d& conv3_ =
      add("conv3", nn::Conv2d({.in_channels = 32, .out_channels = 64, .kernel_size = 3, .padding = 1}));
  nn::Conv2d& conv4_ =
      add("conv4", nn::Conv2d({.in_channels = 64, .out_channels = 64, .kernel_size = 3, .padding = 1}));
  nn::Linear& hidden_ = add("hidden", nn::Linear({.in_features = 4096, .out_features = 256}));
  nn::Dropout& dropout_ = add("dropout", nn::Dropout({.p = 0.5}));
  nn::Linear& head_;
};

}  // namespace tapestry::models
