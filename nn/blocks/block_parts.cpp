#include <tapestry/nn/blocks/block_parts.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>

namespace tapestry::nn {

Conv2d conv1x1(std::int64_t in_channels, std::int64_t out_channels, std::int64_t stride) {
  return Conv2d(
      {.in_channels = in_channels, .out_channels = out_channels, .kernel_size = 1, .stride = stride, .bias = false});
}

Conv2d conv3x3(std::int64_t in_channels, std::int64_t out_channels, std::int64_t stride, std::int64_t groups,
               std::int64_t dilation) {
  return Conv2d({.in_channels = in_channels,
                 .out_channels = out_channels,
                 .kernel_size = 3,
                 .stride = stride,
                 .padding = dilation,
                 .dilation = dilation,
                 .groups = groups,
                 .bias = false});
}

Sequential conv_norm_activation(Conv2d conv, AnyModule activation) {
  const std::int64_t channels = conv.weight().size(0);
  return sequential({std::move(conv), BatchNorm2d({.num_features = channels}), std::move(activation)});
}

Sequential projection_shortcut(std::int64_t in_channels, std::int64_t out_channels, std::int64_t stride) {
  return sequential({conv1x1(in_channels, out_channels, stride), BatchNorm2d({.num_features = out_channels})});
}

}  // namespace tapestry::nn
