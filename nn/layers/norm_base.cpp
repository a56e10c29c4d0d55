#include <algorithm>

#include <fmt/format.h>

#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/norm_base.hpp>

namespace tapestry::nn {

NormBase::NormBase(std::string_view layer, const BatchNormLayerOptions& options) : options_(options) {
  const std::int64_t features = options.num_features;
  if (features < 1) throw ValueError(fmt::format("{}: num_features must be at least 1, got {}", layer, features));
  check_batch_norm_options(layer, options.momentum, options.eps);
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

void NormBase::check_rank(const Tensor& x, std::initializer_list<int> ranks, std::string_view expected) const {
  if (std::find(ranks.begin(), ranks.end(), x.rank()) != ranks.end()) return;
  throw ShapeError(fmt::format("{}: expected an input {}, got {}", class_name(), expected, to_string(x.shape())));
}

Tensor NormBase::batch_normalized(const Tensor& x) const {
  const Tensor y = batch_norm(x, running_mean_.array_if_defined(), running_var_.array_if_defined(), weight_, bias_,
                              {.training = is_training(), .momentum = options_.momentum, .eps = options_.eps});
  count_batch();
  return y;
}

void NormBase::count_batch() const {
  if (is_tracked() && is_training()) ++*Array(num_batches_tracked_->array()).mutable_data<std::int64_t>();
}

}  // namespace tapestry::nn
