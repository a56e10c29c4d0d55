// The fully connected layer.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// x·weightᵀ + bias for x (…, in_features): weight (out_features, in_features) and bias (out_features), both initially
/// uniform in ±1/√in_features, as in PyTorch. Throws a ValueError for sizes below 1.
class Linear : public Module {
 public:
  struct Options {
    Required<std::int64_t> in_features;   ///< features of x
    Required<std::int64_t> out_features;  ///< features of the result
    bool bias = true;                     ///< adds a learnable bias
  };

  explicit Linear(const Options& options);
  Linear(Linear&&) = default;
  Linear& operator=(Linear&&) = default;
  /// Cannot be made from an object of a derived class, because what that class adds would be lost.
  template <detail::Extends<Linear> Derived>
  Linear(Derived&&) = delete;  // NOLINT
  template <detail::Extends<Linear> Derived>
  Linear& operator=(Derived&&) = delete;
  Tensor forward(const Tensor& x) const override;

  const Tensor& weight() const { return weight_; }
  /// Undefined without a bias.
  const Tensor& bias() const { return bias_; }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Linear>(options_); }

  Options options_;
  Parameter weight_, bias_;
};

}  // namespace tapestry::nn
