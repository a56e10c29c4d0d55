#include <fmt/format.h>

#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/init.hpp>
#include <tapestry/nn/layers/linear.hpp>

namespace tapestry::nn {
namespace {

Shape checked_weight_shape(const Linear::Options& options) {
  const std::int64_t in = options.in_features;
  const std::int64_t out = options.out_features;
  if (in < 1 || out < 1) throw ValueError(fmt::format("Linear: features must be at least 1, got {} → {}", in, out));
  return {out, in};
}

}  // namespace

Linear::Linear(const Options& options)
    : options_(options), weight_(add_parameter("weight", Array::empty(checked_weight_shape(options)))) {
  if (options.bias) bias_ = add_parameter("bias", Array::empty({options.out_features}));
  init::default_uniform(weight_, bias_);
}

Tensor Linear::forward(const Tensor& x) const {
  return linear(x, weight_, bias_);
}

}  // namespace tapestry::nn
