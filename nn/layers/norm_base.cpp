#include <fmt/format.h>

#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/norm_base.hpp>

namespace tapestry::nn {

template <class Base>
NormBase<Base>::NormBase(const Settings& settings) : eps_(settings.eps), momentum_(settings.momentum) {
  const std::int64_t features = settings.num_features;
  if (features < 1) {
    throw ValueError(fmt::format("{}: num_features must be at least 1, got {}", settings.layer, features));
  }
  check_batch_norm_options(settings.layer, momentum_, eps_);
  if (settings.affine) {
    weight_ = this->add_parameter("weight", Array::full({features}, 1));
    bias_ = this->add_parameter("bias", Array::zeros({features}));
  }
  if (settings.track_running_stats) {
    running_mean_ = this->add_buffer("running_mean", Array::zeros({features}));
    running_var_ = this->add_buffer("running_var", Array::full({features}, 1));
    num_batches_tracked_ = this->add_buffer("num_batches_tracked", Array::zeros({}, DType::i64));
  }
}

template <class Base>
void NormBase<Base>::count_batch() {
  if (is_tracked() && this->is_training()) ++*Array(num_batches_tracked_.array()).mutable_data<std::int64_t>();
}

template class NormBase<Module>;
template class NormBase<ModuleBase>;

}  // namespace tapestry::nn
