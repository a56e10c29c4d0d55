#include <fmt/format.h>

#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/models/detail/residual_stages.hpp>
#include <tapestry/models/unet.hpp>
#include <tapestry/nn/layers/conv_transpose2d.hpp>

namespace tapestry::models {

UNet::UNet(const Options& options) : options_(options) {
  if (options.depth < 1) throw ValueError(fmt::format("UNet: depth must be at least 1, got {}", options.depth));
  std::int64_t in = options.in_channels;
  std::int64_t channels = options.base_channels;
  for (std::int64_t i = 0; i < options.depth; ++i, in = channels, channels *= 2) {
    down_.push_back(&add(fmt::format("down{}", i), nn::UNetBlock({.in_channels = in, .out_channels = channels})));
  }
  middle_ = &add("middle", nn::UNetBlock({.in_channels = in, .out_channels = channels}));
  for (std::int64_t i = options.depth - 1; i >= 0; --i, channels /= 2) {
    enlarge_.push_back(&add_enlargement(fmt::format("enlarge{}", i), channels, options.upsampling));
    up_.push_back(&add(fmt::format("up{}", i), nn::UNetBlock({.in_channels = channels, .out_channels = channels / 2})));
  }
  head_ = &add("head", nn::Conv2d({.in_channels = channels, .out_channels = options.classes, .kernel_size = 1}));
  detail::fill_convolutions(*this);
}

nn::Module& UNet::add_enlargement(const std::string& name, std::int64_t channels, Upsampling upsampling) {
  if (upsampling == Upsampling::resize_convolution) {
    return add(name, detail::resize_convolution(channels, channels / 2, true));
  }
  return add(name, nn::ConvTranspose2d(
                       {.in_channels = channels, .out_channels = channels / 2, .kernel_size = 2, .stride = 2}));
}

Tensor UNet::forward(const Tensor& x) const {
  const std::int64_t factor = std::int64_t{1} << down_.size();
  if (x.rank() == 4 && (x.size(2) % factor != 0 || x.size(3) % factor != 0)) {
    throw ShapeError(
        fmt::format("UNet: both sides of images must be multiples of {}, got {}", factor, to_string(x.shape())));
  }
  std::vector<Tensor> skipped;
  Tensor y = x;
  for (nn::UNetBlock* block : down_) {
    skipped.push_back((*block)(y));
    y = max_pool2d(skipped.back(), {.kernel_size = 2});
  }
  y = (*middle_)(y);
  for (std::size_t i = 0; i < up_.size(); ++i) {
    y = (*up_[i])(cat({skipped[skipped.size() - 1 - i], (*enlarge_[i])(y)}, 1));
  }
  return (*head_)(y);
}

}  // namespace tapestry::models
