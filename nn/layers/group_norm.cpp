#include <fmt/format.h>

#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/group_norm.hpp>

namespace tapestry::nn {

GroupNorm::GroupNorm(const Options& options)
    : groups_(options.num_groups), channels_(options.num_channels), eps_(options.eps) {
  check_eps("GroupNorm", eps_);
  if (groups_ < 1) throw ValueError(fmt::format("GroupNorm: num_groups must be at least 1, got {}", groups_));
  if (channels_ < 1 || channels_ % groups_ != 0) {
    throw ValueError(fmt::format("GroupNorm: num_groups {} must divide num_channels, got {}", groups_, channels_));
  }
  if (!options.affine) return;
  weight_ = add_parameter("weight", Array::full({channels_}, 1));
  bias_ = add_parameter("bias", Array::zeros({channels_}));
}

Tensor GroupNorm::forward(const Tensor& x) const {
  if (x.rank() < 2 || x.size(1) != channels_) {
    throw ShapeError(fmt::format("GroupNorm: expected {} channels, got an input {}", channels_, to_string(x.shape())));
  }
  return group_norm(x, groups_, weight_, bias_, eps_);
}

}  // namespace tapestry::nn
