// The layer that multiplies pairs of features.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `bilinear` of two inputs (…, in1_features) and (…, in2_features): weight (out_features, in1_features, in2_features)
/// and bias (out_features), both uniform in ±1/√in1_features at first, as in PyTorch. Throws a ValueError for sizes
/// below 1.
class Bilinear : public Module {
 public:
  struct Options {
    Required<std::int64_t> in1_features;
    Required<std::int64_t> in2_features;
    Required<std::int64_t> out_features;
    bool bias = true;
  };

  explicit Bilinear(const Options& options);
  Tensor operator()(const Tensor& x1, const Tensor& x2);
  /// The layer of one input taken twice.
  Tensor forward(const Tensor& x) override { return (*this)(x, x); }

  const Tensor& weight() const { return weight_; }
  /// Undefined without a bias.
  const Tensor& bias() const { return bias_; }

 private:
  Tensor weight_;
  Tensor bias_;
};

}  // namespace tapestry::nn
