// Stochastic gradient descent.
#pragma once

#include <tapestry/optim/optimizer.hpp>

namespace tapestry::optim {

struct SgdOptions {
  Required<double> lr;
  double momentum = 0;
  double weight_decay = 0;  ///< times the parameter, added to the gradient
  bool nesterov = false;

  void check(std::string_view optimizer) const;
};

struct SgdState {
  Array velocity;
};

/// With g the gradient plus weight_decay · p: v ← momentum · v + g (v = g at first), then p ← p − lr · v, or with
/// Nesterov's momentum p ← p − lr · (g + momentum · v) (Sutskever et al., "On the importance of initialization and
/// momentum", 2013, in PyTorch's form). Throws a ValueError for no parameters, parameters that are listed twice or
/// overlap in memory, options that are negative or not finite, and nesterov without momentum.
class Sgd : public GroupedOptimizer<SgdOptions, SgdState> {
 public:
  Sgd(const std::vector<Tensor>& parameters, const SgdOptions& options);
  explicit Sgd(std::vector<ParameterGroup<SgdOptions>> groups);

 protected:
  RangeUpdate update(Array parameter, const Array& gradient, const SgdOptions& options, SgdState& state) override;
};

}  // namespace tapestry::optim
