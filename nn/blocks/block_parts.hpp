// The convolutions that blocks are made of.
#pragma once

#include <cstdint>

#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/sequential.hpp>

namespace tapestry::nn {

/// A 1×1 convolution without bias.
Conv2d conv1x1(std::int64_t in_channels, std::int64_t out_channels, std::int64_t stride = 1);

/// A 3×3 convolution without bias whose padding keeps the size at stride 1.
Conv2d conv3x3(std::int64_t in_channels, std::int64_t out_channels, std::int64_t stride = 1, std::int64_t groups = 1,
               std::int64_t dilation = 1);

/// A convolution, batch norm and an activation: torchvision's Conv2dNormActivation.
Sequential conv_norm_activation(Conv2d conv, AnyModule activation);

/// The shortcut of a residual block that changes channels or size: a 1×1 convolution with batch norm.
Sequential projection_shortcut(std::int64_t in_channels, std::int64_t out_channels, std::int64_t stride);

}  // namespace tapestry::nn
