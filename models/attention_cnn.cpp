#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/models/attention_cnn.hpp>
#include <tapestry/models/residual_stages.hpp>

namespace tapestry::models {
namespace {

nn::Conv2d conv3x3(std::int64_t in, std::int64_t out, std::int64_t stride) {
  return nn::Conv2d(
      {.in_channels = in, .out_channels = out, .kernel_size = 3, .stride = stride, .padding = 1, .bias = false});
}

nn::BatchNormRelu2d norm(std::int64_t channels) {
  return nn::BatchNormRelu2d({.num_features = channels});
}

nn::AttentionAugmentedConv2d augmented(std::int64_t channels, std::int64_t size) {
  return nn::AttentionAugmentedConv2d({.in_channels = channels,
                                       .out_channels = channels,
                                       .kernel_size = 3,
                                       .key_channels = channels / 4,
                                       .value_channels = channels / 4,
                                       .num_heads = 4,
                                       .max_size = size});
}

}  // namespace

AttentionCnn::AttentionCnn(std::int64_t classes)
    : conv1_(add("conv1", conv3x3(3, 32, 1))),
      bn1_(add("bn1", norm(32))),
      conv2_(add("conv2", conv3x3(32, 64, 2))),
      bn2_(add("bn2", norm(64))),
      conv3_(add("conv3", augmented(64, 16))),
      bn3_(add("bn3", norm(64))),
      conv4_(add("conv4", conv3x3(64, 128, 2))),
      bn4_(add("bn4", norm(128))),
      conv5_(add("conv5", augmented(128, 8))),
      bn5_(add("bn5", norm(128))),
      fc_(add("fc", nn::Linear({.in_features = 128, .out_features = classes}))) {
  detail::fill_convolutions(*this);
}

Tensor AttentionCnn::forward(const Tensor& x) {
  Tensor y = bn1_(conv1_(x));
  y = bn2_(conv2_(y));
  y = bn3_(conv3_(y));
  y = bn4_(conv4_(y));
  y = bn5_(conv5_(y));
  return fc_(flatten(global_avg_pool2d(y), 1));
}

}  // namespace tapestry::models
