#include <fmt/format.h>

#include <tapestry/autograd/ops/pooling.hpp>
#include <tapestry/autograd/ops/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/models/residual_stages.hpp>
#include <tapestry/models/unet.hpp>
#include <tapestry/nn/activation.hpp>
#include <tapestry/nn/batch_norm2d.hpp>

namespace tapestry::models {
namespace {

nn::Conv2d conv3x3(std::int64_t in, std::int64_t out) {
  return nn::Conv2d({.in_channels = in, .out_channels = out, .kernel_size = 3, .padding = 1, .bias = false});
}

nn::Sequential two_convolutions(std::int64_t in, std::int64_t out) {
  return nn::Sequential(conv3x3(in, out), nn::BatchNorm2d({.num_features = out}), nn::ReLU(), conv3x3(out, out),
                        nn::BatchNorm2d({.num_features = out}), nn::ReLU());
}

}  // namespace

UNet::UNet(const Options& options) {
  if (options.depth < 1) throw ValueError(fmt::format("UNet: depth must be at least 1, got {}", options.depth));
  std::int64_t in = options.in_channels;
  std::int64_t channels = options.base_channels;
  for (std::int64_t i = 0; i < options.depth; ++i, in = channels, channels *= 2) {
    down_.push_back(&add(fmt::format("down{}", i), two_convolutions(in, channels)));
  }
  middle_ = &add("middle", two_convolutions(in, channels));
  for (std::int64_t i = options.depth - 1; i >= 0; --i, channels /= 2) {
    enlarge_.push_back(&add(
        fmt::format("enlarge{}", i),
        nn::ConvTranspose2d({.in_channels = channels, .out_channels = channels / 2, .kernel_size = 2, .stride = 2})));
    up_.push_back(&add(fmt::format("up{}", i), two_convolutions(channels, channels / 2)));
  }
  head_ = &add("head", nn::Conv2d({.in_channels = channels, .out_channels = options.classes, .kernel_size = 1}));
  detail::fill_convolutions(*this);
}

Tensor UNet::forward(const Tensor& x) {
  const std::int64_t factor = std::int64_t{1} << down_.size();
  if (x.rank() == 4 && (x.size(2) % factor != 0 || x.size(3) % factor != 0)) {
    throw ShapeError(
        fmt::format("UNet: both sides of images must be multiples of {}, got {}", factor, to_string(x.shape())));
  }
  std::vector<Tensor> skipped;
  Tensor y = x;
  for (nn::Sequential* stage : down_) {
    skipped.push_back((*stage)(y));
    y = max_pool2d(skipped.back(), {.kernel_size = 2});
  }
  y = (*middle_)(y);
  for (std::size_t i = 0; i < up_.size(); ++i) {
    y = (*up_[i])(cat({skipped[skipped.size() - 1 - i], (*enlarge_[i])(y)}, 1));
  }
  return (*head_)(y);
}

}  // namespace tapestry::models
