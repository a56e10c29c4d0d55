// The two ways in which networks double the size of their maps.
#pragma once

#include <cstdint>

#include <tapestry/nn/sequential.hpp>

namespace tapestry::models {

/// A transposed convolution with stride 2, or nearest-neighbor interpolation and a 3×3 convolution, which avoids
/// checkerboard artifacts (Odena et al., "Deconvolution and checkerboard artifacts", 2016).
enum class Upsampling : std::uint8_t { transposed_convolution, resize_convolution };

namespace detail {

/// Interpolation to twice the height and width, then a 3×3 convolution.
nn::Sequential resize_convolution(std::int64_t in_channels, std::int64_t out_channels, bool bias);

}  // namespace detail

}  // namespace tapestry::models
