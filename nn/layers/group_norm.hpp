// The group-normalisation layer.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `group_norm` with a weight, 1 at first, and a bias, 0 at first, per channel. Throws a ValueError for options out of
/// range, among them groups that do not divide the channels.
class GroupNorm : public Module {
 public:
  struct Options {
    Required<std::int64_t> num_groups;
    Required<std::int64_t> num_channels;
    double eps = 1e-5;   ///< added to the variance
    bool affine = true;  ///< with a weight and a bias per channel
  };

  explicit GroupNorm(const Options& options);
  /// Throws a ShapeError for another number of channels.
  Tensor forward(const Tensor& x) const override;

  /// Undefined unless affine.
  const Tensor& weight() const { return weight_; }
  const Tensor& bias() const { return bias_; }

 private:
  std::int64_t groups_;
  std::int64_t channels_;
  double eps_;
  Parameter weight_, bias_;
};

}  // namespace tapestry::nn
