#include <fmt/format.h>

#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>

namespace tapestry::nn {

BatchNorm2d::BatchNorm2d(const Options& options)
    : NormBase({.layer = "BatchNorm2d",
                .num_features = options.num_features,
                .eps = options.eps,
                .momentum = options.momentum,
                .affine = options.affine,
                .track_running_stats = options.track_running_stats}) {}

Tensor BatchNorm2d::forward(const Tensor& x) {
  if (x.rank() != 4) {
    throw ShapeError(fmt::format("BatchNorm2d: expected an input (N, C, H, W), got {}", to_string(x.shape())));
  }
  const Tensor y = batch_norm(x, mean_array(), var_array(), weight(), bias(),
                              {.training = is_training(), .momentum = momentum(), .eps = eps()});
  count_batch();
  return y;
}

}  // namespace tapestry::nn
