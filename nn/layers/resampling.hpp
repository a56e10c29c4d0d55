// Layers that resize images and rearrange channels.
#pragma once

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/nn/layers/operator_layer.hpp>

namespace tapestry::nn {

/// `pixel_shuffle` as a layer. The constructor checks the factor.
class PixelShuffle : public OperatorLayer<PixelShuffle, pixel_shuffle> {
 public:
  explicit PixelShuffle(std::int64_t upscale_factor) : OperatorLayer(upscale_factor) {
    check_positive("PixelShuffle", "upscale_factor", upscale_factor);
  }
};

/// `pixel_unshuffle` as a layer. The constructor checks the factor.
class PixelUnshuffle : public OperatorLayer<PixelUnshuffle, pixel_unshuffle> {
 public:
  explicit PixelUnshuffle(std::int64_t downscale_factor) : OperatorLayer(downscale_factor) {
    check_positive("PixelUnshuffle", "downscale_factor", downscale_factor);
  }
};

/// `channel_shuffle` as a layer. The constructor checks the groups.
class ChannelShuffle : public OperatorLayer<ChannelShuffle, channel_shuffle> {
 public:
  explicit ChannelShuffle(std::int64_t groups) : OperatorLayer(groups) {
    check_positive("ChannelShuffle", "groups", groups);
  }
};

/// `interpolate` as a layer. The constructor checks the options.
class Upsample : public OperatorLayer<Upsample, interpolate> {
 public:
  explicit Upsample(const Options& options) : OperatorLayer("Upsample", options) {}
};

}  // namespace tapestry::nn
