// What batch and instance normalisation share: parameters and running statistics.
#pragma once

#include <string_view>

#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `Base` is Module for a layer of one input, ModuleBase for others.
template <class Base>
class NormBase : public Base {
 public:
  /// Undefined unless affine.
  const Tensor& weight() const { return weight_; }
  const Tensor& bias() const { return bias_; }
  /// Undefined unless tracked.
  const Tensor& running_mean() const { return running_mean_; }
  const Tensor& running_var() const { return running_var_; }

 protected:
  struct Settings {
    std::string_view layer;  ///< for messages
    std::int64_t num_features;
    double eps;
    double momentum;
    bool affine;
    bool track_running_stats;
  };

  /// Weight 1, bias 0, running mean 0 and running variance 1. Throws a ValueError naming the layer for settings out of
  /// range.
  explicit NormBase(const Settings& settings);

  double eps() const { return eps_; }
  double momentum() const { return momentum_; }
  bool is_tracked() const { return running_mean_.defined(); }
  /// The arrays behind the running statistics; undefined unless tracked.
  Array mean_array() const { return is_tracked() ? running_mean_.array() : Array(); }
  Array var_array() const { return is_tracked() ? running_var_.array() : Array(); }
  /// Counts a batch when statistics are tracked, in training.
  void count_batch();

 private:
  double eps_;
  double momentum_;
  Tensor weight_, bias_;
  Tensor running_mean_, running_var_, num_batches_tracked_;
};

extern template class NormBase<Module>;
extern template class NormBase<ModuleBase>;

}  // namespace tapestry::nn
