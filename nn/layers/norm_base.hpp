// The base of batch and instance normalization: parameters and running statistics.
#pragma once

#include <initializer_list>
#include <string_view>

#include <tapestry/core/required.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// The options of the batch norm layers.
struct BatchNormLayerOptions {
  Required<std::int64_t> num_features;  ///< channels
  double eps = 1e-5;                    ///< added to the variance
  double momentum = 0.1;                ///< the weight of the newest batch in the running statistics
  bool affine = true;                   ///< adds a learnable weight and bias per channel
  bool track_running_stats = true;      ///< keeps running statistics for evaluation
};

/// A layer with the parameters and running statistics of a normalization per channel.
class NormBase : public Module {
 public:
  /// Undefined unless affine.
  const Tensor& weight() const { return weight_; }
  const Tensor& bias() const { return bias_; }
  /// Undefined unless tracked.
  const Tensor& running_mean() const { return running_mean_; }
  const Tensor& running_var() const { return running_var_; }

 protected:
  /// Initially weight and running variance are 1, bias and running mean 0. Throws a ValueError naming `layer` for
  /// options out of range.
  NormBase(std::string_view layer, const BatchNormLayerOptions& options);

  const BatchNormLayerOptions& options() const { return options_; }
  /// Throws a ShapeError that names the layer unless x has one of the ranks, those of the shapes `expected`.
  void check_rank(const Tensor& x, std::initializer_list<int> ranks, std::string_view expected) const;
  bool is_tracked() const { return running_mean_.defined(); }
  /// `batch_norm` with these parameters; in training it updates the running statistics and counts the batch.
  Tensor batch_normalized(const Tensor& x) const;
  /// Counts a batch in training, if statistics are tracked.
  void count_batch() const;

  Parameter weight_, bias_;
  Buffer running_mean_, running_var_, num_batches_tracked_;

 private:
  BatchNormLayerOptions options_;
};

}  // namespace tapestry::nn
