#include <fmt/format.h>

#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/models/deeplab.hpp>
#include <tapestry/models/detail/residual_stages.hpp>
#include <tapestry/nn/blocks/block_parts.hpp>
#include <tapestry/nn/layers/activation.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>

namespace tapestry::models {
namespace {

constexpr std::int64_t output_stride = 4;

nn::Sequential backbone(std::int64_t base) {
  struct Layer {
    std::int64_t in, out, stride, dilation;
  };
  const Layer layers[] = {{3, base, 2, 1},
                          {base, base, 1, 1},
                          {base, 2 * base, 2, 1},
                          {2 * base, 2 * base, 1, 1},
                          {2 * base, 2 * base, 1, 2},
                          {2 * base, 2 * base, 1, 2}};
  nn::Sequential result;
  for (const Layer& layer : layers) {
    result.append(nn::conv3x3(layer.in, layer.out, layer.stride, 1, layer.dilation));
    result.append(nn::BatchNorm2d({.num_features = layer.out}));
    result.append(nn::ReLU());
  }
  return result;
}

}  // namespace

DeepLabHead::DeepLabHead(const Options& options) : options_(options) {
  append(nn::ASPP({.in_channels = options.in_channels,
                   .rates = options.rates,
                   .out_channels = options.channels,
                   .dropout = options.dropout}));
  append(nn::conv3x3(options.channels, options.channels));
  append(nn::BatchNorm2d({.num_features = options.channels}));
  append(nn::ReLU());
  append(nn::Conv2d({.in_channels = options.channels, .out_channels = options.classes, .kernel_size = 1}));
}

DeepLab::DeepLab(const Options& options)
    : options_(options),
      backbone_(add("backbone", backbone(options.base_channels))),
      classifier_(add("classifier", DeepLabHead({.in_channels = 2 * options.base_channels,
                                                 .classes = options.classes,
                                                 .rates = options.rates,
                                                 .channels = 2 * options.base_channels,
                                                 .dropout = options.dropout}))) {
  detail::fill_convolutions(*this);
}

Tensor DeepLab::forward(const Tensor& x) const {
  if (x.rank() == 4 && (x.size(2) % output_stride != 0 || x.size(3) % output_stride != 0)) {
    throw ShapeError(fmt::format("DeepLab: both sides of images must be multiples of {}, got {}", output_stride,
                                 to_string(x.shape())));
  }
  return interpolate(classifier_(backbone_(x)), {.scale_factor = output_stride, .mode = InterpolationMode::bilinear});
}

}  // namespace tapestry::models
