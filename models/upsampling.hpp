// The two ways in which networks enlarge their maps.
#pragma once

#include <cstdint>

#include <tapestry/nn/sequential.hpp>

namespace tapestry::models {

/// How a network doubles the sides of its maps: by a transposed convolution with stride 2, or by nearest-neighbor
/// interpolation and a 3×3 convolution, which cannot draw a checkerboard (Odena et al., "Deconvolution and checkerboard
/// artifacts", 2016).
enum class Upsampling : std::uint8_t { transposed_convolution, resize_convolution };

namespace detail {

/// Interpolation to twice the sides, then a 3×3 convolution.
nn::Sequential resize_convolution(std::int64_t in_channels, std::int64_t out_channels, bool bias);

}  // namespace detail

}  // namespace tapestry::models
