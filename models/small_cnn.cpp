#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/models/small_cnn.hpp>
#include <tapestry/nn/init.hpp>

namespace tapestry::models {

SmallCnn::SmallCnn(std::int64_t classes)
    : head_(add("head", nn::Linear({.in_features = 256, .out_features = classes}))) {
  // With PyTorch's smaller default weights before ReLUs, the signal vanishes and half of the first epoch is lost.
  for (const Tensor& weight : {conv1_.weight(), conv2_.weight(), conv3_.weight(), conv4_.weight(), hidden_.weight()}) {
    nn::init::kaiming_normal(weight);
  }
}

Tensor SmallCnn::forward(const Tensor& x) const {
  Tensor y = max_pool2d(relu(conv2_(relu(conv1_(x)))), {.kernel_size = 2});
  y = max_pool2d(relu(conv4_(relu(conv3_(y)))), {.kernel_size = 2});
  return head_(dropout_(relu(hidden_(flatten(y, 1)))));
}

}  // namespace tapestry::models
