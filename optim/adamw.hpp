// Adam with decoupled weight decay.
#pragma once

#include <tapestry/optim/optimizer.hpp>

namespace tapestry::optim {

struct AdamWOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 1e-2;

  void check(std::string_view optimizer) const;
};

struct AdamWState {
  std::int64_t step = 0;
  Array mean;
  Array square;
};

/// p ← p − lr · weight_decay · p, then p ← p − lr · m̂ / (√v̂ + eps), where m and v are the running means of gradient
/// and squared gradient, and m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ) (Loshchilov and Hutter, "Decoupled weight decay
/// regularization", 2019, algorithm 2). Throws a ValueError for no parameters, parameters that are listed twice or
/// overlap in memory, or options out of range.
class AdamW : public GroupedOptimizer<AdamWOptions, AdamWState> {
 public:
  explicit AdamW(const std::vector<Tensor>& parameters, const AdamWOptions& options = {});
  explicit AdamW(std::vector<ParameterGroup<AdamWOptions>> groups);

 protected:
  RangeUpdate update(Array parameter, const Array& gradient, const AdamWOptions& options, AdamWState& state) override;
};

}  // namespace tapestry::optim
