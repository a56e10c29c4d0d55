// The root mean square normalization layer.
#pragma once

#include <optional>

#include <tapestry/core/required.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `rms_norm` with a weight of the normalized shape, initialized to 1. Throws a ValueError or ShapeError for options
/// out of range.
class RMSNorm : public Module {
 public:
  struct Options {
    Required<Shape> normalized_shape;          ///< the last axes of the input
    std::optional<double> eps = std::nullopt;  ///< added to the mean square; the dtype's epsilon unless given
    bool elementwise_affine = true;            ///< adds a learnable weight
  };

  explicit RMSNorm(const Options& options);
  Tensor forward(const Tensor& x) const override;

  /// Undefined unless affine.
  const Tensor& weight() const { return weight_; }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<RMSNorm>(options_); }

  Options options_;
  Parameter weight_;
};

}  // namespace tapestry::nn
