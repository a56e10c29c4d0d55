// The instance normalization layer of images.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/layers/norm_base.hpp>

namespace tapestry::nn {

/// `instance_norm` over images (N, C, H, W): normalizes by the statistics of each channel of each sample or,
/// in evaluation, by the running statistics if they are tracked. Throws a ValueError for options out of range, and a
/// ShapeError for inputs of another rank.
class InstanceNorm2d : public NormBase {
 public:
  struct Options {
    Required<std::int64_t> num_features;  ///< channels
    double eps = 1e-5;                    ///< added to the variance
    double momentum = 0.1;                ///< the weight of the newest input in the running statistics
    bool affine = false;                  ///< adds a learnable weight and bias per channel
    bool track_running_stats = false;     ///< keeps running statistics
  };

  explicit InstanceNorm2d(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<InstanceNorm2d>(options_); }

  Options options_;
};

}  // namespace tapestry::nn
