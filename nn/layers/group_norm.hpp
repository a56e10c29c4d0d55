// The group normalization layer.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `group_norm` with a weight (initially 1) and a bias (initially 0) per channel. Throws a ValueError for options out
/// of range, among them groups that do not divide the channels.
class GroupNorm : public Module {
 public:
  struct Options {
    Required<std::int64_t> num_groups;    ///< must divide num_channels
    Required<std::int64_t> num_channels;  ///< channels of x
    double eps = 1e-5;                    ///< added to the variance
    bool affine = true;                   ///< adds a learnable weight and bias per channel
  };

  explicit GroupNorm(const Options& options);
  /// Throws a ShapeError for another number of channels.
  Tensor forward(const Tensor& x) const override;

  /// Undefined unless affine.
  const Tensor& weight() const { return weight_; }
  const Tensor& bias() const { return bias_; }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<GroupNorm>(options_); }

  Options options_;
  Parameter weight_, bias_;
};

}  // namespace tapestry::nn
