#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/models/network_in_network.hpp>
#include <tapestry/nn/init.hpp>
#include <tapestry/nn/layers/activation.hpp>
#include <tapestry/nn/layers/conv2d.hpp>

namespace tapestry::models {
namespace {

nn::Conv2d conv(std::int64_t in, std::int64_t out, std::int64_t kernel) {
  nn::Conv2d result({.in_channels = in, .out_channels = out, .kernel_size = kernel, .padding = kernel / 2});
  nn::init::kaiming_normal(result.weight());  // with smaller weights the signal would vanish over nine layers
  return result;
}

nn::Sequential mlpconv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t middle) {
  return nn::sequential(
      {conv(in, 192, kernel), nn::ReLU(), conv(192, middle, 1), nn::ReLU(), conv(middle, out, 1), nn::ReLU()});
}

nn::Sequential to_classes(std::int64_t classes) {
  return nn::sequential({conv(192, 192, 3), nn::ReLU(), conv(192, 192, 1), nn::ReLU(),
                         nn::Conv2d({.in_channels = 192, .out_channels = classes, .kernel_size = 1})});
}

}  // namespace

NetworkInNetwork::NetworkInNetwork(const Options& options)
    : options_(options),
      mlpconv1_(add("mlpconv1", mlpconv(3, 96, 5, 160))),
      dropout1_(add("dropout1", nn::Dropout({.p = options.dropout}))),
      mlpconv2_(add("mlpconv2", mlpconv(96, 192, 5, 192))),
      dropout2_(add("dropout2", nn::Dropout({.p = options.dropout}))),
      mlpconv3_(add("mlpconv3", to_classes(options.classes))) {}

Tensor NetworkInNetwork::forward(const Tensor& x) const {
  Tensor y = dropout1_(max_pool2d(mlpconv1_(x), {.kernel_size = 3, .stride = 2, .ceil_mode = true}));
  y = dropout2_(avg_pool2d(mlpconv2_(y), {.kernel_size = 3, .stride = 2, .ceil_mode = true}));
  return flatten(global_avg_pool2d(mlpconv3_(y)), 1);
}

}  // namespace tapestry::models
