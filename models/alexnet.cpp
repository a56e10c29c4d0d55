#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/models/alexnet.hpp>
#include <tapestry/models/detail/residual_stages.hpp>
#include <tapestry/nn/init.hpp>
#include <tapestry/nn/layers/activation.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/dropout.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/layers/pooling.hpp>

namespace tapestry::models {
namespace {

constexpr std::int64_t hidden_features = 4096;

/// Height and width of the head's input.
std::int64_t pooled_side(ImageSize images) {
  return images == ImageSize::small ? 3 : 6;
}

nn::Linear fully_connected(std::int64_t in, std::int64_t out) {
  return nn::Linear({.in_features = in, .out_features = out});
}

nn::Conv2d conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride, std::int64_t padding) {
  return nn::Conv2d(
      {.in_channels = in, .out_channels = out, .kernel_size = kernel, .stride = stride, .padding = padding});
}

nn::Sequential alexnet_features(ImageSize images) {
  return nn::sequential({
      images == ImageSize::small ? conv(3, 64, 3, 1, 1) : conv(3, 64, 11, 4, 2),
      nn::ReLU(),
      nn::MaxPool2d({.kernel_size = 3, .stride = 2}),
      conv(64, 192, 5, 1, 2),
      nn::ReLU(),
      nn::MaxPool2d({.kernel_size = 3, .stride = 2}),
      conv(192, 384, 3, 1, 1),
      nn::ReLU(),
      conv(384, 256, 3, 1, 1),
      nn::ReLU(),
      conv(256, 256, 3, 1, 1),
      nn::ReLU(),
      nn::MaxPool2d({.kernel_size = 3, .stride = 2}),
  });
}

nn::Sequential classifier(const AlexNet::Options& options) {
  const std::int64_t pixels = pooled_side(options.images) * pooled_side(options.images);
  return nn::sequential({nn::Dropout({.p = options.dropout}), fully_connected(256 * pixels, hidden_features),
                         nn::ReLU(), nn::Dropout({.p = options.dropout}),
                         fully_connected(hidden_features, hidden_features), nn::ReLU(),
                         fully_connected(hidden_features, options.classes)});
}

}  // namespace

AlexNet::AlexNet(const Options& options)
    : options_(options),
      features_(add("features", alexnet_features(options.images))),
      classifier_(add("classifier", classifier(options))) {
  // With PyTorch's smaller default weights, which torchvision uses, the loss does not decrease in the first steps. The
  // gain of √2 for ReLUs is too large because max-pooling selects the larger values.
  detail::fill_convolutions(*this, nn::init::FanMode::fan_in, 1);
}

Tensor AlexNet::forward(const Tensor& x) const {
  return classifier_(flatten(adaptive_avg_pool2d(features_(x), pooled_side(options_.images)), 1));
}

}  // namespace tapestry::models
