// The dropout layer.
#pragma once

#include <tapestry/autograd/ops/dropout.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `dropout` in training, the identity in evaluation. Every layer draws from a random stream of its own and every
/// forward in training is a step of it. Throws a ValueError when p is not in [0, 1].
class Dropout : public Module {
 public:
  struct Options {
    double p = 0.5;
  };

  explicit Dropout(const Options& options);
  Tensor forward(const Tensor& x) override;

 private:
  double p_;
  RandomStream stream_;
};

}  // namespace tapestry::nn
