// The batch-normalisation layer of images.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/layers/norm_base.hpp>

namespace tapestry::nn {

/// `batch_norm` over images (N, C, H, W) with running statistics: in training by the batch, in evaluation by the
/// running statistics (by the batch when they are not tracked). Throws a ValueError for options out of range, and a
/// ShapeError for inputs of another rank.
class BatchNorm2d : public NormBase<Module> {
 public:
  struct Options {
    Required<std::int64_t> num_features;  ///< channels
    double eps = 1e-5;                    ///< added to the variance
    double momentum = 0.1;                ///< the weight of a batch in the running statistics
    bool affine = true;                   ///< with a weight and a bias per channel
    bool track_running_stats = true;      ///< with running statistics
  };

  explicit BatchNorm2d(const Options& options);
  Tensor forward(const Tensor& x) override;
};

}  // namespace tapestry::nn
