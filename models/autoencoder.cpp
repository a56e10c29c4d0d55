#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/models/autoencoder.hpp>
#include <tapestry/nn/blocks/block_parts.hpp>
#include <tapestry/nn/layers/activation.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/conv_transpose2d.hpp>

namespace tapestry::models {
namespace {

nn::ConvTranspose2d enlarge(std::int64_t in, std::int64_t out) {
  return nn::ConvTranspose2d(
      {.in_channels = in, .out_channels = out, .kernel_size = 4, .stride = 2, .padding = 1, .bias = false});
}

nn::Conv2d last_conv(std::int64_t in, std::int64_t out) {
  return nn::Conv2d({.in_channels = in, .out_channels = out, .kernel_size = 3, .padding = 1});
}

nn::BatchNorm2d norm(std::int64_t channels) {
  return nn::BatchNorm2d({.num_features = channels});
}

}  // namespace

Autoencoder::Autoencoder(const Options& options)
    : options_(options),
      encoder_(add("encoder", nn::sequential({nn::conv3x3(options.in_channels, options.base_channels, 2),
                                              norm(options.base_channels), nn::ReLU(),
                                              nn::conv3x3(options.base_channels, 2 * options.base_channels, 2),
                                              norm(2 * options.base_channels), nn::ReLU(),
                                              last_conv(2 * options.base_channels, options.code_channels)}))),
      decoder_(add("decoder", nn::sequential({enlarge(options.code_channels, 2 * options.base_channels),
                                              norm(2 * options.base_channels), nn::ReLU(),
                                              enlarge(2 * options.base_channels, options.base_channels),
                                              norm(options.base_channels), nn::ReLU(),
                                              last_conv(options.base_channels, options.in_channels), nn::Sigmoid()}))) {
}

Tensor Autoencoder::encode(const Tensor& x) const {
  if (x.rank() == 4 && (x.size(2) % 4 != 0 || x.size(3) % 4 != 0)) {
    throw ShapeError(
        fmt::format("Autoencoder: both sides of images must be multiples of 4, got {}", to_string(x.shape())));
  }
  return encoder_(x);
}

}  // namespace tapestry::models
