#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/nn/blocks/bottleneck.hpp>
#include <tapestry/nn/blocks/detail/block_parts.hpp>

namespace tapestry::nn {
namespace {

/// Channels of the 3×3 convolution.
std::int64_t checked_width(const Bottleneck::Options& options) {
  const std::int64_t out = options.out_channels;
  if (out < 4 || out % 4 != 0) {
    throw ValueError(fmt::format("Bottleneck: out_channels must be a multiple of 4, got {}", out));
  }
  const std::int64_t width = out / 4 * options.base_width / 64;
  if (options.groups < 1 || width < 1) {
    throw ValueError(fmt::format(
        "Bottleneck: expected at least one group of one channel, got groups {}, base_width {} and out_channels {}",
        options.groups, options.base_width, out));
  }
  return width * options.groups;
}

}  // namespace

Bottleneck::Bottleneck(const Options& options) : Bottleneck(options, checked_width(options)) {}

Bottleneck::Bottleneck(const Options& options, std::int64_t width)
    : conv1_(add("conv1", detail::conv1x1(options.in_channels, width))),
      bn1_(add("bn1", BatchNormRelu2d({.num_features = width}))),
      conv2_(add("conv2", detail::conv3x3(width, width, options.stride, options.groups))),
      bn2_(add("bn2", BatchNormRelu2d({.num_features = width}))),
      conv3_(add("conv3", detail::conv1x1(width, options.out_channels))),
      bn3_(add("bn3", BatchNormAddRelu2d({.num_features = options.out_channels}))) {
  if (options.stride == 1 && options.in_channels == options.out_channels) return;
  downsample_ = &add("downsample", detail::projection(options.in_channels, options.out_channels, options.stride));
}

Tensor Bottleneck::forward(const Tensor& x) {
  const Tensor shortcut = downsample_ != nullptr ? (*downsample_)(x) : x;  // first, as in BasicBlock
  // Statements of their own: then what came before a convolution is gone when the norm after it needs memory.
  Tensor y = bn1_(conv1_(x));
  y = conv2_(y);
  y = bn2_(y);
  y = conv3_(y);
  return bn3_(y, shortcut);
}

}  // namespace tapestry::nn
