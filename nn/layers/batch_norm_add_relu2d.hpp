// The batch-normalisation layer at the end of a residual block.
#pragma once

#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/norm_base.hpp>

namespace tapestry::nn {

/// `batch_norm_add_relu` over images: y = relu(norm(x) + residual), both (N, C, H, W), where the parameters and buffers
/// of the norm are those of a `BatchNorm2d`. Throws a ValueError for options out of range, and a ShapeError for inputs
/// of another rank.
class BatchNormAddRelu2d : public NormBase<ModuleBase> {
 public:
  using Options = BatchNorm2d::Options;

  explicit BatchNormAddRelu2d(const Options& options);
  Tensor operator()(const Tensor& x, const Tensor& residual);
};

}  // namespace tapestry::nn
