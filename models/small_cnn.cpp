#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/models/small_cnn.hpp>
#include <tapestry/nn/init.hpp>

namespace tapestry::models {
namespace {

nn::ConvRelu2d conv3x3(std::int64_t in, std::int64_t out) {
  return nn::ConvRelu2d({.in_channels = in, .out_channels = out, .kernel_size = 3, .padding = 1});
}

}  // namespace

SmallCnn::SmallCnn(std::int64_t classes)
    : conv1_(add("conv1", conv3x3(3, 32))),
      conv2_(add("conv2", conv3x3(32, 32))),
      conv3_(add("conv3", conv3x3(32, 64))),
      conv4_(add("conv4", conv3x3(64, 64))),
      hidden_(add("hidden", nn::Linear({.in_features = 4096, .out_features = 256}))),
      dropout_(add("dropout", nn::Dropout({.p = 0.5}))),
      head_(add("head", nn::Linear({.in_features = 256, .out_features = classes}))) {
  // The layers before a ReLU; with PyTorch's smaller first values the signal fades and the first epoch is half lost.
  for (const Tensor& weight : {conv1_.weight(), conv2_.weight(), conv3_.weight(), conv4_.weight(), hidden_.weight()}) {
    nn::init::kaiming_normal(weight);
  }
}

Tensor SmallCnn::forward(const Tensor& x) {
  const Tensor low = max_pool2d(conv2_(conv1_(x)), {.kernel_size = 2});
  const Tensor high = max_pool2d(conv4_(conv3_(low)), {.kernel_size = 2});
  return head_(dropout_(relu(hidden_(flatten(high, 1)))));
}

}  // namespace tapestry::models
