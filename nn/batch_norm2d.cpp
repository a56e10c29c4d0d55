#include <fmt/format.h>

#include <tapestry/autograd/ops/normalization.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/batch_norm2d.hpp>

namespace tapestry::nn {

BatchNorm2d::BatchNorm2d(const Options& options) : eps_(options.eps), momentum_(options.momentum) {
  const std::int64_t features = options.num_features;
  if (features < 1) throw ValueError(fmt::format("BatchNorm2d: num_features must be at least 1, got {}", features));
  check_batch_norm_options("BatchNorm2d", momentum_, eps_);
  if (options.affine) {
    weight_ = add_parameter("weight", Array::full({features}, 1));
    bias_ = add_parameter("bias", Array::zeros({features}));
  }
  if (options.track_running_stats) {
    running_mean_ = add_buffer("running_mean", Array::zeros({features}));
    running_var_ = add_buffer("running_var", Array::full({features}, 1));
    num_batches_tracked_ = add_buffer("num_batches_tracked", Array::zeros({}, DType::i64));
  }
}

Tensor BatchNorm2d::forward(const Tensor& x) {
  const bool tracked = running_mean_.defined();
  const Tensor y = batch_norm(x, tracked ? running_mean_.array() : Array(), tracked ? running_var_.array() : Array(),
                              weight_, bias_, {.training = is_training(), .momentum = momentum_, .eps = eps_});
  if (tracked && is_training()) ++*Array(num_batches_tracked_.array()).mutable_data<std::int64_t>();
  return y;
}

}  // namespace tapestry::nn
