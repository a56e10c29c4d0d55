// The batch normalization layer of vectors and sequences.
#pragma once

#include <tapestry/nn/layers/norm_base.hpp>

namespace tapestry::nn {

/// `batch_norm` over vectors and sequences (N, C) or (N, C, L) with running statistics: normalizes by the statistics of
/// the batch in training and by the running statistics in evaluation (by those of the batch when they are not tracked).
/// Throws a ValueError for options out of range, and a ShapeError for inputs of another rank.
class BatchNorm1d : public NormBase {
 public:
  using Options = BatchNormLayerOptions;

  explicit BatchNorm1d(const Options& options) : NormBase("BatchNorm1d", options) {}
  Tensor forward(const Tensor& x) const override {
    check_rank(x, {2, 3}, "(N, C) or (N, C, L)");
    return batch_normalized(x);
  }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<BatchNorm1d>(options()); }
};

}  // namespace tapestry::nn
