#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/models/attention_cnn.hpp>
#include <tapestry/models/detail/residual_stages.hpp>

namespace tapestry::models {

nn::AttentionAugmentedConv2d AttentionCnn::augmented(std::int64_t channels, std::int64_t size) {
  return nn::AttentionAugmentedConv2d({.in_channels = channels,
                                       .out_channels = channels,
                                       .kernel_size = 3,
                                       .key_channels = channels / 4,
                                       .value_channels = channels / 4,
                                       .num_heads = 4,
                                       .max_size = size});
}

AttentionCnn::AttentionCnn(std::int64_t classes)
    : fc_(add("fc", nn::Linear({.in_features = 128, .out_features = classes}))) {
  detail::fill_convolutions(*this);
}

Tensor AttentionCnn::forward(const Tensor& x) const {
  Tensor y = relu(bn1_(conv1_(x)));
  y = relu(bn2_(conv2_(y)));
  y = relu(bn3_(conv3_(y)));
  y = relu(bn4_(conv4_(y)));
  y = relu(bn5_(conv5_(y)));
  return fc_(flatten(global_avg_pool2d(y), 1));
}

}  // namespace tapestry::models
