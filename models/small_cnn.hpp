// The small convolutional network of the first example.
#pragma once

#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/dropout.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::models {

/// Images (N, 3, 32, 32) → logits (N, classes): two stages of two 3×3 convolutions with ReLU and a 2×2 max-pool, of 32
/// and 64 channels, then 4096 → 256 → classes with dropout between.
/// Weights before a ReLU begin as He et al. (2015) propose.
class SmallCnn : public nn::Module {
 public:
  explicit SmallCnn(std::int64_t classes = 10);
  Tensor forward(const Tensor& x) override;

 private:
  nn::ConvRelu2d& conv1_;
  nn::ConvRelu2d& conv2_;
  nn::ConvRelu2d& conv3_;
  nn::ConvRelu2d& conv4_;
  nn::Linear& hidden_;
  nn::Dropout& dropout_;
  nn::Linear& head_;
};

}  // namespace tapestry::models
