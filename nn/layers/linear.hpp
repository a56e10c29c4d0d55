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
    Required<std::int64_t> in_features;
    Required<std::int64_t> out_features;
    bool bias = true;
  };

  explicit Linear(const Options& options);
  Linear(Linear&&) = default;
  Linear& operator=(Linear&&) = default;
  /// Not made of an object of a derived class, which would lose what that class adds.
  template <detail::Extends<Linear> Derived>
  Linear(Derived&&) = delete;  // NOLINT
  template <detail::Extends<Linear> Derived>
  Linear& operator=(Derived&&) = delete;
  Tensor forward(const Tensor& x) const override;

  const Tensor& weight() const { return weight_; }
  /// Undefined without a bias.
  const Tensor& bias() const { return bias_; }

 private:
  std::unique_ptr<ModuleBase> make_like() const override {
    return make<Linear>(
        Options{.in_features = weight_->size(1), .out_features = weight_->size(0), .bias = bias_.defined()});
  }

  Parameter weight_;
  Parameter bias_;
};

}  // namespace tapestry::nn
