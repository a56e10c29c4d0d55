// The batch-normalisation layer of images with a ReLU after it.
#pragma once

#include <limits>

#include <tapestry/core/required.hpp>
#include <tapestry/nn/layers/norm_base.hpp>

namespace tapestry::nn {

/// `batch_norm_relu` over images (N, C, H, W): a `BatchNorm2d` and a `ReLU`, or with a bound of 6 a `ReLU6`, in one
/// layer, whose parameters and buffers are those of the `BatchNorm2d`. Throws a ValueError for options out of range,
/// and a ShapeError for inputs of another rank.
class BatchNormRelu2d : public NormBase<Module> {
 public:
  struct Options {
    Required<std::int64_t> num_features;                         ///< channels
    double eps = 1e-5;                                           ///< added to the variance
    double momentum = 0.1;                                       ///< the weight of a batch in the running statistics
    bool affine = true;                                          ///< with a weight and a bias per channel
    bool track_running_stats = true;                             ///< with running statistics
    double max_value = std::numeric_limits<double>::infinity();  ///< the upper bound of the ReLU
  };

  explicit BatchNormRelu2d(const Options& options);
  Tensor forward(const Tensor& x) override;

 private:
  double max_value_;
};

}  // namespace tapestry::nn
