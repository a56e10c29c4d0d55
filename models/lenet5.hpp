// LeNet-5.
#pragma once

#include <cstdint>

#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::models {

/// Images (N, in_channels, 32, 32) → logits (N, classes): two 5×5 convolutions to 6 and 16 channels, each followed by
/// pooling, a third to 120 channels of one pixel, and two linear layers (LeCun, Bottou, Bengio and Haffner,
/// "Gradient-based learning applied to document recognition", 1998, figure 2). Parameters are named as the figure names
/// its layers: c1, c3, c5, f6, output.
///
/// What is usual now in the place of the paper's own: plain tanh, plain means for the pooling, every map of c3 sees
/// every map below it, and a linear output. Throws a ShapeError for images of another shape.
class LeNet5 : public nn::Module {
 public:
  struct Options {
    std::int64_t in_channels = 1;  ///< 1 for grey images, 3 for coloured ones
    std::int64_t classes = 10;     ///< logits per image
  };

  explicit LeNet5(const Options& options) : options_(options) {}
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<LeNet5>(options_); }

  Options options_;
  nn::Conv2d& c1_ = add("c1", nn::Conv2d({.in_channels = options_.in_channels, .out_channels = 6, .kernel_size = 5}));
  nn::Conv2d& c3_ = add("c3", nn::Conv2d({.in_channels = 6, .out_channels = 16, .kernel_size = 5}));
  nn::Conv2d& c5_ = add("c5", nn::Conv2d({.in_channels = 16, .out_channels = 120, .kernel_size = 5}));
  nn::Linear& f6_ = add("f6", nn::Linear({.in_features = 120, .out_features = 84}));
  nn::Linear& output_ = add("output", nn::Linear({.in_features = 84, .out_features = options_.classes}));
};

}  // namespace tapestry::models
