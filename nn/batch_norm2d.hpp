// The batch-normalisation layer.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `batch_norm` over images (N, C, H, W) with running statistics: in training by the batch, in evaluation by the
/// running statistics (by the batch when they are not tracked). Throws a ValueError for options out of range.
class BatchNorm2d : public Module {
 public:
  struct Options {
    Required<std::int64_t> num_features;
    double eps = 1e-5;
    double momentum = 0.1;
    bool affine = true;
    bool track_running_stats = true;
  };

  explicit BatchNorm2d(const Options& options);
  Tensor forward(const Tensor& x) override;

  /// Undefined unless affine.
  const Tensor& weight() const { return weight_; }
  const Tensor& bias() const { return bias_; }
  /// Undefined unless tracked.
  const Tensor& running_mean() const { return running_mean_; }
  const Tensor& running_var() const { return running_var_; }

 private:
  double eps_;
  double momentum_;
  Tensor weight_, bias_;
  Tensor running_mean_, running_var_, num_batches_tracked_;
};

}  // namespace tapestry::nn
