#include <fmt/format.h>

#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/group_norm.hpp>

namespace tapestry::nn {

GroupNorm::GroupNorm(const Options& options) : options_(options) {
  const std::int64_t groups = options.num_groups, channels = options.num_channels;
  check_eps("GroupNorm", options.eps);
  if (groups < 1) throw ValueError(fmt::format("GroupNorm: num_groups must be at least 1, got {}", groups));
  if (channels < 1 || channels % groups != 0) {
    throw ValueError(fmt::format("GroupNorm: num_groups {} must divide num_channels, got {}", groups, channels));
  }
  if (!options.affine) return;
  weight_ = add_parameter("weight", Array::full({channels}, 1));
  bias_ = add_parameter("bias", Array::zeros({channels}));
}

Tensor GroupNorm::forward(const Tensor& x) const {
  if (x.rank() < 2 || x.size(1) != options_.num_channels) {
    throw ShapeError(fmt::format("GroupNorm: expected {} channels, got an input {}", options_.num_channels.get(),
                                 to_string(x.shape())));
  }
  return group_norm(x, options_.num_groups, weight_, bias_, options_.eps);
}

}  // namespace tapestry::nn
