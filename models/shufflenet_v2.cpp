#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/models/detail/residual_stages.hpp>
#include <tapestry/models/shufflenet_v2.hpp>
#include <tapestry/nn/blocks/block_parts.hpp>
#include <tapestry/nn/blocks/shuffle_unit.hpp>
#include <tapestry/nn/layers/activation.hpp>

namespace tapestry::models {
namespace {

nn::Sequential stage(std::int64_t in, std::int64_t out, std::int64_t units) {
  return detail::stage<nn::ShuffleUnit>({.in_channels = in, .out_channels = out, .stride = 2}, units);
}

}  // namespace

ShuffleNetV2::ShuffleNetV2(const Options& options)
    : options_(options),
      conv1_(add("conv1",
                 nn::conv_norm_activation(
                     nn::conv3x3(3, options.channels[0], options.images == ImageSize::small ? 1 : 2), nn::ReLU()))),
      stage2_(add("stage2", stage(options.channels[0], options.channels[1], 4))),
      stage3_(add("stage3", stage(options.channels[1], options.channels[2], 8))),
      stage4_(add("stage4", stage(options.channels[2], options.channels[3], 4))),
      conv5_(add("conv5", nn::conv_norm_activation(nn::conv1x1(options.channels[3], options.channels[4]), nn::ReLU()))),
      fc_(add("fc", nn::Linear({.in_features = options.channels[4], .out_features = options.classes}))) {
  if (options.images == ImageSize::small) return;
  maxpool_ = &add("maxpool", nn::MaxPool2d({.kernel_size = 3, .stride = 2, .padding = 1}));
}

Tensor ShuffleNetV2::forward(const Tensor& x) const {
  Tensor y = conv1_(x);
  if (maxpool_ != nullptr) y = (*maxpool_)(y);
  y = conv5_(stage4_(stage3_(stage2_(y))));
  return fc_(flatten(global_avg_pool2d(y), 1));
}

}  // namespace tapestry::models
