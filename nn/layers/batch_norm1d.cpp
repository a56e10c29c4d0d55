#include <fmt/format.h>

#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/batch_norm1d.hpp>

namespace tapestry::nn {

BatchNorm1d::BatchNorm1d(const Options& options)
    : NormBase({.layer = "BatchNorm1d",
                .num_features = options.num_features,
                .eps = options.eps,
                .momentum = options.momentum,
                .affine = options.affine,
                .track_running_stats = options.track_running_stats}) {}

Tensor BatchNorm1d::forward(const Tensor& x) {
  if (x.rank() != 2 && x.rank() != 3) {
    throw ShapeError(fmt::format("BatchNorm1d: expected an input (N, C) or (N, C, L), got {}", to_string(x.shape())));
  }
  const Tensor y = batch_norm(x, mean_array(), var_array(), weight(), bias(),
                              {.training = is_training(), .momentum = momentum(), .eps = eps()});
  count_batch();
  return y;
}

}  // namespace tapestry::nn
