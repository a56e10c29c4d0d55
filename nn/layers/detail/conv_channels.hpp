// What the convolution layers share.
#pragma once

#include <cstdint>
#include <string_view>

namespace tapestry::nn::detail {

/// Throws a ValueError naming `layer` for channels below 1 or groups that do not divide both.
void check_conv_channels(std::string_view layer, std::int64_t in_channels, std::int64_t out_channels,
                         std::int64_t groups);

}  // namespace tapestry::nn::detail
