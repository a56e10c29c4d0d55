// Unfolding and folding as layers.
#pragma once

#include <tapestry/autograd/ops/conv/unfold.hpp>
#include <tapestry/nn/layers/operator_layer.hpp>

namespace tapestry::nn {

/// `unfold` as a layer. The constructor checks the options.
class Unfold : public OperatorLayer<Unfold, unfold> {
 public:
  explicit Unfold(const Options& options) : OperatorLayer("Unfold", options) {}
};

/// `fold` as a layer. The constructor checks the options.
class Fold : public OperatorLayer<Fold, fold> {
 public:
  explicit Fold(const Options& options) : OperatorLayer("Fold", options) {}
};

}  // namespace tapestry::nn
