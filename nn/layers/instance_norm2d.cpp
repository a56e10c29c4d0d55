#include <fmt/format.h>

#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/instance_norm2d.hpp>

namespace tapestry::nn {

InstanceNorm2d::InstanceNorm2d(const Options& options)
    : NormBase("InstanceNorm2d", {.num_features = options.num_features,
                                  .eps = options.eps,
                                  .momentum = options.momentum,
                                  .affine = options.affine,
                                  .track_running_stats = options.track_running_stats}) {}

Tensor InstanceNorm2d::forward(const Tensor& x) const {
  if (x.rank() != 4) {
    throw ShapeError(fmt::format("InstanceNorm2d: expected an input (N, C, H, W), got {}", to_string(x.shape())));
  }
  const Tensor y = instance_norm(
      x, mean_array(), var_array(), weight(), bias(),
      {.use_input_stats = is_training() || !is_tracked(), .momentum = options().momentum, .eps = options().eps});
  count_batch();
  return y;
}

}  // namespace tapestry::nn
