#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/models/detail/residual_stages.hpp>
#include <tapestry/models/mobilenet_v2.hpp>
#include <tapestry/nn/blocks/block_parts.hpp>
#include <tapestry/nn/blocks/inverted_residual.hpp>
#include <tapestry/nn/init.hpp>
#include <tapestry/nn/layers/activation.hpp>
#include <tapestry/nn/layers/dropout.hpp>
#include <tapestry/nn/layers/linear.hpp>

namespace tapestry::models {
namespace {

constexpr std::int64_t last_channels = 1280;

nn::Sequential mobilenet_features(ImageSize images) {
  struct Stage {
    std::int64_t expand_ratio, channels, blocks, stride;
  };
  const std::int64_t early_stride = images == ImageSize::small ? 1 : 2;
  const Stage stages[] = {{1, 16, 1, 1}, {6, 24, 2, early_stride}, {6, 32, 3, 2}, {6, 64, 4, 2},
                          {6, 96, 3, 1}, {6, 160, 3, 2},           {6, 320, 1, 1}};
  nn::Sequential result;
  result.append(nn::conv_norm_activation(nn::conv3x3(3, 32, early_stride), nn::ReLU6()));
  std::int64_t in = 32;
  for (const Stage& stage : stages) {
    for (std::int64_t block = 0; block < stage.blocks; ++block) {
      result.append(nn::InvertedResidual({.in_channels = in,
                                          .out_channels = stage.channels,
                                          .stride = block == 0 ? stage.stride : 1,
                                          .expand_ratio = stage.expand_ratio}));
      in = stage.channels;
    }
  }
  result.append(nn::conv_norm_activation(nn::conv1x1(in, last_channels), nn::ReLU6()));
  return result;
}

nn::Linear head(std::int64_t classes) {
  nn::Linear result({.in_features = last_channels, .out_features = classes});
  nn::init::normal(result.weight(), 0, 0.01);
  nn::init::constant(result.bias(), 0);
  return result;
}

}  // namespace

MobileNetV2::MobileNetV2(const Options& options)
    : options_(options),
      features_(add("features", mobilenet_features(options.images))),
      classifier_(add("classifier", nn::sequential({nn::Dropout({.p = options.dropout}), head(options.classes)}))) {
  detail::fill_convolutions(*this);
}

Tensor MobileNetV2::forward(const Tensor& x) const {
  return classifier_(flatten(global_avg_pool2d(features_(x)), 1));
}

}  // namespace tapestry::models
