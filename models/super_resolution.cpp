#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/models/super_resolution.hpp>

namespace tapestry::models {
namespace {

nn::Conv2d same(std::int64_t in, std::int64_t out, std::int64_t kernel) {
  return nn::Conv2d({.in_channels = in, .out_channels = out, .kernel_size = kernel, .padding = kernel / 2});
}

std::int64_t maps_per_channel(std::int64_t upscale_factor) {
  check_positive("SuperResolution", "upscale_factor", upscale_factor);
  return upscale_factor * upscale_factor;
}

}  // namespace

SuperResolution::SuperResolution(const Options& options)
    : options_(options),
      conv1_(add("conv1", same(options.channels, 64, 5))),
      conv2_(add("conv2", same(64, 32, 3))),
      conv3_(add("conv3", same(32, options.channels * maps_per_channel(options.upscale_factor), 3))),
      shuffle_(add("shuffle", nn::PixelShuffle(options.upscale_factor))) {}

Tensor SuperResolution::forward(const Tensor& x) const {
  return shuffle_(conv3_(tanh(conv2_(tanh(conv1_(x))))));
}

}  // namespace tapestry::models
