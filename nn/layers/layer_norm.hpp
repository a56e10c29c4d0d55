// The layer normalization layer.
#pragma once

#include <tapestry/core/required.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `layer_norm` with a weight (initially 1) and a bias (initially 0) of the normalized shape. Throws a ValueError or
/// ShapeError for options out of range.
class LayerNorm : public Module {
 public:
  struct Options {
    Required<Shape> normalized_shape;  ///< the last axes of the input
    double eps = 1e-5;                 ///< added to the variance
    bool elementwise_affine = true;    ///< adds a learnable weight and bias
    bool bias = true;                  ///< adds the bias as well, if affine
  };

  explicit LayerNorm(const Options& options);
  Tensor forward(const Tensor& x) const override;

  /// Undefined unless affine.
  const Tensor& weight() const { return weight_; }
  /// Undefined unless affine with a bias.
  const Tensor& bias() const { return bias_; }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<LayerNorm>(options_); }

  Options options_;
  Parameter weight_, bias_;
};

}  // namespace tapestry::nn
