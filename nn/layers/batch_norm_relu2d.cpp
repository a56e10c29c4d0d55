#include <fmt/format.h>

#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/batch_norm_relu2d.hpp>

namespace tapestry::nn {

BatchNormRelu2d::BatchNormRelu2d(const Options& options)
    : NormBase({.layer = "BatchNormRelu2d",
                .num_features = options.num_features,
                .eps = options.eps,
                .momentum = options.momentum,
                .affine = options.affine,
                .track_running_stats = options.track_running_stats}),
      max_value_(options.max_value) {
  check_relu_bound("BatchNormRelu2d", max_value_);
}

Tensor BatchNormRelu2d::forward(const Tensor& x) {
  if (x.rank() != 4) {
    throw ShapeError(fmt::format("BatchNormRelu2d: expected an input (N, C, H, W), got {}", to_string(x.shape())));
  }
  const Tensor y =
      batch_norm_relu(x, mean_array(), var_array(), weight(), bias(),
                      {.training = is_training(), .momentum = momentum(), .eps = eps(), .max_value = max_value_});
  count_batch();
  return y;
}

}  // namespace tapestry::nn
