#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/init.hpp>
#include <tapestry/nn/layers/bilinear.hpp>

namespace tapestry::nn {
namespace {

Shape checked_weight_shape(const Bilinear::Options& options) {
  const std::int64_t in1 = options.in1_features;
  const std::int64_t in2 = options.in2_features;
  const std::int64_t out = options.out_features;
  if (std::min({in1, in2, out}) < 1) {
    throw ValueError(fmt::format("Bilinear: features must be at least 1, got {} and {} → {}", in1, in2, out));
  }
  return {out, in1, in2};
}

}  // namespace

Bilinear::Bilinear(const Options& options)
    : options_(options), weight_(add_parameter("weight", Array::empty(checked_weight_shape(options)))) {
  const double bound = 1 / std::sqrt(static_cast<double>(options.in1_features));
  init::uniform(weight_, -bound, bound);
  if (!options.bias) return;
  bias_ = add_parameter("bias", Array::empty({options.out_features}));
  init::uniform(bias_, -bound, bound);
}

Tensor Bilinear::forward(const Tensor& x1, const Tensor& x2) const {
  return bilinear(x1, x2, weight_, bias_);
}

}  // namespace tapestry::nn
