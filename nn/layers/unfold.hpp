// Unfolding and folding as layers.
#pragma once

#include <tapestry/autograd/ops/conv/unfold.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `unfold` as a layer. The constructor checks the options.
class Unfold : public Module {
 public:
  explicit Unfold(const UnfoldOptions& options) : options_(options) { options.check("Unfold"); }
  Tensor forward(const Tensor& x) const override { return unfold(x, options_); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Unfold>(options_); }

  UnfoldOptions options_;
};

/// `fold` as a layer. The constructor checks the options.
class Fold : public Module {
 public:
  explicit Fold(const FoldOptions& options) : options_(options) { options.check("Fold"); }
  Tensor forward(const Tensor& x) const override { return fold(x, options_); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Fold>(options_); }

  FoldOptions options_;
};

}  // namespace tapestry::nn
