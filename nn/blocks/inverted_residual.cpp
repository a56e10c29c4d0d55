#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/blocks/block_parts.hpp>
#include <tapestry/nn/blocks/inverted_residual.hpp>
#include <tapestry/nn/layers/activation.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>

namespace tapestry::nn {
namespace {

Sequential layers(const InvertedResidual::Options& options) {
  if (options.expand_ratio < 1) {
    throw ValueError(fmt::format("InvertedResidual: expand_ratio must be at least 1, got {}", options.expand_ratio));
  }
  const std::int64_t in = options.in_channels, hidden = in * options.expand_ratio;
  Sequential result;
  if (options.expand_ratio > 1) result.append(conv_norm_activation(conv1x1(in, hidden), ReLU6()));
  result.append(conv_norm_activation(conv3x3(hidden, hidden, options.stride, hidden), ReLU6()));
  result.append(conv1x1(hidden, options.out_channels));
  result.append(BatchNorm2d({.num_features = options.out_channels}));
  return result;
}

}  // namespace

InvertedResidual::InvertedResidual(const Options& options) : options_(options), conv_(add("conv", layers(options))) {}

Tensor InvertedResidual::forward(const Tensor& x) const {
  const bool keeps_shape = options_.stride == 1 && options_.in_channels == options_.out_channels;
  return keeps_shape ? x + conv_(x) : conv_(x);
}

}  // namespace tapestry::nn
