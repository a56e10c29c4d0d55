#include <fmt/format.h>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/blocks/bottleneck.hpp>

namespace tapestry::nn {
namespace {

/// The number of channels of the 3×3 convolution.
std::int64_t checked_width(const Bottleneck::Options& options) {
  const std::int64_t out = options.out_channels;
  if (out < 4 || out % 4 != 0) {
    throw ValueError(fmt::format("Bottleneck: out_channels must be a multiple of 4, got {}", out));
  }
  const std::int64_t width = out / 4 * options.base_width / 64;
  if (options.groups < 1 || width < 1) {
    throw ValueError(fmt::format(
        "Bottleneck: requires at least one group of one channel, got groups {}, base_width {} and out_channels {}",
        options.groups, options.base_width, out));
  }
  return width * options.groups;
}

}  // namespace

Bottleneck::Bottleneck(const Options& options) : options_(options), width_(checked_width(options)) {}

Tensor Bottleneck::forward(const Tensor& x) const {
  Tensor y = relu(bn1_(conv1_(x)));
  y = relu(bn2_(conv2_(y)));
  y = bn3_(conv3_(y));
  const Tensor shortcut = downsample_ != nullptr ? (*downsample_)(x) : x;
  return relu(y + shortcut);
}

}  // namespace tapestry::nn
