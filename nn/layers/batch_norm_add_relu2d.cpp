#include <fmt/format.h>

#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/batch_norm_add_relu2d.hpp>

namespace tapestry::nn {

BatchNormAddRelu2d::BatchNormAddRelu2d(const Options& options)
    : NormBase({.layer = "BatchNormAddRelu2d",
                .num_features = options.num_features,
                .eps = options.eps,
                .momentum = options.momentum,
                .affine = options.affine,
                .track_running_stats = options.track_running_stats}) {}

Tensor BatchNormAddRelu2d::operator()(const Tensor& x, const Tensor& residual) {
  const auto layer = enter();
  if (x.rank() != 4) {
    throw ShapeError(fmt::format("BatchNormAddRelu2d: expected an input (N, C, H, W), got {}", to_string(x.shape())));
  }
  const Tensor y = batch_norm_add_relu(x, residual, mean_array(), var_array(), weight(), bias(),
                                       {.training = is_training(), .momentum = momentum(), .eps = eps()});
  count_batch();
  return y;
}

}  // namespace tapestry::nn
