// The size of images that a classifier is designed for.
#pragma once

#include <cstdint>

namespace tapestry::models {

/// `large`: around 224×224 pixels, as in ImageNet, for which the architectures were published. `small`: around 32×32
/// pixels, as in CIFAR-10; the network then downsamples less before its first blocks or before its head.
enum class ImageSize : std::uint8_t { large, small };

}  // namespace tapestry::models
