// The batch normalization layer of images.
#pragma once

#include <tapestry/nn/layers/norm_base.hpp>

namespace tapestry::nn {

/// `batch_norm` over images (N, C, H, W) with running statistics: normalizes by the statistics of the batch in training
/// and by the running statistics in evaluation (by those of the batch when they are not tracked). Throws a ValueError
/// for options out of range, and a ShapeError for inputs of another rank.
class BatchNorm2d : public NormBase {
 public:
  using Options = BatchNormLayerOptions;

  explicit BatchNorm2d(const Options& options) : NormBase("BatchNorm2d", options) {}
  Tensor forward(const Tensor& x) const override {
    check_rank(x, {4}, "(N, C, H, W)");
    return batch_normalized(x);
  }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<BatchNorm2d>(options()); }
};

}  // namespace tapestry::nn
