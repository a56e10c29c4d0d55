#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/models/alexnet.hpp>
#include <tapestry/nn/init.hpp>
#include <tapestry/nn/layers/activation.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/dropout.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/layers/pooling.hpp>

namespace tapestry::models {
namespace {

constexpr std::int64_t hidden = 4096;

nn::ConvRelu2d conv_relu(const nn::Conv2d::Options& options) {
  nn::ConvRelu2d result(options);
  // With PyTorch's smaller first values, which torchvision leaves, the loss does not fall in the first steps; the √2
  // that ReLUs ask for is too much where max-pools choose the larger values.
  nn::init::kaiming_normal(result.weight(), nn::init::FanMode::fan_in, 1);
  return result;
}

nn::Linear linear(std::int64_t in, std::int64_t out) {
  return nn::Linear({.in_features = in, .out_features = out});
}

nn::ConvRelu2d first_convolution(bool for_small_images) {
  if (for_small_images) return conv_relu({.in_channels = 3, .out_channels = 64, .kernel_size = 3, .padding = 1});
  return conv_relu({.in_channels = 3, .out_channels = 64, .kernel_size = 11, .stride = 4, .padding = 2});
}

nn::MaxPool2d pool() {
  return nn::MaxPool2d({.kernel_size = 3, .stride = 2});
}

/// Named as if the ReLUs were layers of their own.
nn::Sequential features(bool for_small_images) {
  nn::Sequential result;
  result.append("0", first_convolution(for_small_images));
  result.append("2", pool());
  result.append("3", conv_relu({.in_channels = 64, .out_channels = 192, .kernel_size = 5, .padding = 2}));
  result.append("5", pool());
  result.append("6", conv_relu({.in_channels = 192, .out_channels = 384, .kernel_size = 3, .padding = 1}));
  result.append("8", conv_relu({.in_channels = 384, .out_channels = 256, .kernel_size = 3, .padding = 1}));
  result.append("10", conv_relu({.in_channels = 256, .out_channels = 256, .kernel_size = 3, .padding = 1}));
  result.append("12", pool());
  return result;
}

nn::Sequential classifier(std::int64_t in, std::int64_t classes, double dropout) {
  return nn::Sequential(nn::Dropout({.p = dropout}), linear(in, hidden), nn::ReLU(), nn::Dropout({.p = dropout}),
                        linear(hidden, hidden), nn::ReLU(), linear(hidden, classes));
}

}  // namespace

AlexNet::AlexNet(const Options& options)
    : side_(options.for_small_images ? 3 : 6),
      features_(add("features", features(options.for_small_images))),
      classifier_(add("classifier", classifier(256 * side_ * side_, options.classes, options.dropout))) {}

Tensor AlexNet::forward(const Tensor& x) {
  return classifier_(flatten(adaptive_avg_pool2d(features_(x), side_), 1));
}

}  // namespace tapestry::models
