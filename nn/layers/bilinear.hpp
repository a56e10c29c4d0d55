// The bilinear layer of two inputs.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/module_of.hpp>

namespace tapestry::nn {

/// `bilinear` of two inputs (…, in1_features) and (…, in2_features): weight (out_features, in1_features, in2_features)
/// and bias (out_features), both initialized uniformly in ±1/√in1_features, as in PyTorch. Throws a ValueError for
/// sizes below 1.
class Bilinear : public ModuleOf<Tensor(const Tensor&, const Tensor&)> {
 public:
  struct Options {
    Required<std::int64_t> in1_features;  ///< features of the first input
    Required<std::int64_t> in2_features;  ///< features of the second input
    Required<std::int64_t> out_features;  ///< features of the result
    bool bias = true;                     ///< adds a learnable bias
  };

  explicit Bilinear(const Options& options);
  Tensor forward(const Tensor& x1, const Tensor& x2) const override;

  const Tensor& weight() const { return weight_; }
  /// Undefined without a bias.
  const Tensor& bias() const { return bias_; }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Bilinear>(options_); }

  Options options_;
  Parameter weight_, bias_;
};

}  // namespace tapestry::nn
