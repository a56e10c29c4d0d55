#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/models/network_in_network.hpp>
#include <tapestry/nn/init.hpp>
#include <tapestry/nn/layers/conv2d.hpp>

namespace tapestry::models {
namespace {

nn::ConvRelu2d conv(std::int64_t in, std::int64_t out, std::int64_t kernel) {
  nn::ConvRelu2d result({.in_channels = in, .out_channels = out, .kernel_size = kernel, .padding = kernel / 2});
  nn::init::kaiming_normal(result.weight());  // through nine layers with smaller first values the signal would fade
  return result;
}

nn::Conv2d to_classes(std::int64_t in, std::int64_t classes) {
  return nn::Conv2d({.in_channels = in, .out_channels = classes, .kernel_size = 1});
}

}  // namespace

NetworkInNetwork::NetworkInNetwork(const Options& options)
    : mlpconv1_(add("mlpconv1", nn::Sequential(conv(3, 192, 5), conv(192, 160, 1), conv(160, 96, 1)))),
      dropout1_(add("dropout1", nn::Dropout({.p = options.dropout}))),
      mlpconv2_(add("mlpconv2", nn::Sequential(conv(96, 192, 5), conv(192, 192, 1), conv(192, 192, 1)))),
      dropout2_(add("dropout2", nn::Dropout({.p = options.dropout}))),
      mlpconv3_(
          add("mlpconv3", nn::Sequential(conv(192, 192, 3), conv(192, 192, 1), to_classes(192, options.classes)))) {}

Tensor NetworkInNetwork::forward(const Tensor& x) {
  Tensor y = dropout1_(max_pool2d(mlpconv1_(x), {.kernel_size = 3, .stride = 2, .ceil_mode = true}));
  y = dropout2_(avg_pool2d(mlpconv2_(y), {.kernel_size = 3, .stride = 2, .ceil_mode = true}));
  return flatten(global_avg_pool2d(mlpconv3_(y)), 1);
}

}  // namespace tapestry::models
