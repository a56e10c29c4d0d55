// Layers that make images larger or smaller, and move channels about.
#pragma once

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `pixel_shuffle` as a layer. The constructor checks the factor.
class PixelShuffle : public Module {
 public:
  explicit PixelShuffle(std::int64_t upscale_factor) : factor_(upscale_factor) {
    check_positive("PixelShuffle", "upscale_factor", upscale_factor);
  }
  Tensor forward(const Tensor& x) const override { return pixel_shuffle(x, factor_); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<PixelShuffle>(factor_); }

  std::int64_t factor_;
};

/// `pixel_unshuffle` as a layer. The constructor checks the factor.
class PixelUnshuffle : public Module {
 public:
  explicit PixelUnshuffle(std::int64_t downscale_factor) : factor_(downscale_factor) {
    check_positive("PixelUnshuffle", "downscale_factor", downscale_factor);
  }
  Tensor forward(const Tensor& x) const override { return pixel_unshuffle(x, factor_); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<PixelUnshuffle>(factor_); }

  std::int64_t factor_;
};

/// `channel_shuffle` as a layer. The constructor checks the groups.
class ChannelShuffle : public Module {
 public:
  explicit ChannelShuffle(std::int64_t groups) : groups_(groups) { check_positive("ChannelShuffle", "groups", groups); }
  Tensor forward(const Tensor& x) const override { return channel_shuffle(x, groups_); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<ChannelShuffle>(groups_); }

  std::int64_t groups_;
};

/// `interpolate` as a layer. The constructor checks the options.
class Upsample : public Module {
 public:
  explicit Upsample(const InterpolateOptions& options) : options_(options) { options.check("Upsample"); }
  Tensor forward(const Tensor& x) const override { return interpolate(x, options_); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Upsample>(options_); }

  InterpolateOptions options_;
};

}  // namespace tapestry::nn
