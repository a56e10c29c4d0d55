// What the convolution layers share.
#pragma once

#include <cstdint>
#include <string_view>

#include <tapestry/autograd/tensor.hpp>

namespace tapestry::nn::detail {

/// Throws a ValueError naming `layer` for channels below 1 or groups that do not divide both.
void check_conv_channels(std::string_view layer, std::int64_t in_channels, std::int64_t out_channels,
                         std::int64_t groups);

/// Overwrites a weight and its bias (undefined for none) with draws that are uniform in ±1/√fan_in, as in PyTorch.
void fill_conv(const Tensor& weight, const Tensor& bias);

}  // namespace tapestry::nn::detail
