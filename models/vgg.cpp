#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/models/detail/residual_stages.hpp>
#include <tapestry/models/vgg.hpp>
#include <tapestry/nn/init.hpp>
#include <tapestry/nn/layers/activation.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/dropout.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/layers/pooling.hpp>

namespace tapestry::models {
namespace {

constexpr std::int64_t head_features = 4096;

/// Height and width of the head's input.
std::int64_t head_side(ImageSize images) {
  return images == ImageSize::small ? 1 : 7;
}

nn::Sequential vgg_features(const std::array<std::int64_t, 5>& convolutions) {
  constexpr std::int64_t channels[] = {64, 128, 256, 512, 512};
  nn::Sequential result;
  std::int64_t in = 3;
  for (std::size_t stage = 0; stage < convolutions.size(); ++stage) {
    const std::int64_t out = channels[stage];
    for (std::int64_t i = 0; i < convolutions[stage]; ++i, in = out) {
      result.append(nn::Conv2d({.in_channels = in, .out_channels = out, .kernel_size = 3, .padding = 1}));
      result.append(nn::BatchNorm2d({.num_features = out}));
      result.append(nn::ReLU());
    }
    result.append(nn::MaxPool2d({.kernel_size = 2}));
  }
  return result;
}

nn::Linear normal_linear(std::int64_t in, std::int64_t out) {
  nn::Linear result({.in_features = in, .out_features = out});
  nn::init::normal(result.weight(), 0, 0.01);
  nn::init::constant(result.bias(), 0);
  return result;
}

nn::Sequential classifier(const Vgg::Options& options) {
  const std::int64_t pixels = head_side(options.images) * head_side(options.images);
  return nn::sequential({normal_linear(512 * pixels, head_features), nn::ReLU(), nn::Dropout({.p = options.dropout}),
                         normal_linear(head_features, head_features), nn::ReLU(), nn::Dropout({.p = options.dropout}),
                         normal_linear(head_features, options.classes)});
}

}  // namespace

Vgg::Vgg(const Options& options)
    : options_(options),
      features_(add("features", vgg_features(options.convolutions))),
      classifier_(add("classifier", classifier(options))) {
  detail::fill_convolutions(*this);
}

Tensor Vgg::forward(const Tensor& x) const {
  return classifier_(flatten(adaptive_avg_pool2d(features_(x), head_side(options_.images)), 1));
}

}  // namespace tapestry::models
