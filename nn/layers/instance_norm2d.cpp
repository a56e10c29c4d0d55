#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/nn/layers/instance_norm2d.hpp>

namespace tapestry::nn {

InstanceNorm2d::InstanceNorm2d(const Options& options)
    : NormBase("InstanceNorm2d", {.num_features = options.num_features,
                                  .eps = options.eps,
                                  .momentum = options.momentum,
                                  .affine = options.affine,
                                  .track_running_stats = options.track_running_stats}),
      options_(options) {}

Tensor InstanceNorm2d::forward(const Tensor& x) const {
  check_rank(x, {4}, "(N, C, H, W)");
  const Tensor y = instance_norm(
      x, running_mean_.array_if_defined(), running_var_.array_if_defined(), weight_, bias_,
      {.use_input_stats = is_training() || !is_tracked(), .momentum = options_.momentum, .eps = options_.eps});
  count_batch();
  return y;
}

}  // namespace tapestry::nn
