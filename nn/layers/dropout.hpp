// Dropout layers, which are the identity in evaluation mode. Each layer has a random stream of its own, which advances
// with every forward pass in training mode. The constructors throw a ValueError for a probability that is not in
// [0, 1].
#pragma once

#include <tapestry/autograd/ops/dropout/dropout.hpp>
#include <tapestry/core/required.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `dropout` as a layer: single elements.
class Dropout : public Module {
 public:
  struct Options {
    double p = 0.5;  ///< the probability of a zero
  };

  explicit Dropout(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Dropout>(Options{.p = p_}); }

  double p_;
  mutable RandomStream stream_;
};

/// `dropout2d` as a layer: whole channels of images (N, C, H, W).
class Dropout2d : public Module {
 public:
  struct Options {
    double p = 0.5;  ///< the probability of a zero
  };

  explicit Dropout2d(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Dropout2d>(Options{.p = p_}); }

  double p_;
  mutable RandomStream stream_;
};

/// `drop_block2d` as a layer: squares of images (N, C, H, W). Throws a ValueError for a block_size below 1.
class DropBlock2d : public Module {
 public:
  struct Options {
    Required<double> p;                 ///< the share of elements to drop, about
    Required<std::int64_t> block_size;  ///< the side of a square in pixels
  };

  explicit DropBlock2d(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override {
    return make<DropBlock2d>(Options{.p = p_, .block_size = block_size_});
  }

  double p_;
  std::int64_t block_size_;
  mutable RandomStream stream_;
};

/// `stochastic_depth` as a layer, for the end of a residual branch.
class StochasticDepth : public Module {
 public:
  struct Options {
    Required<double> p;                                   ///< the probability of dropping the branch
    StochasticDepthMode mode = StochasticDepthMode::row;  ///< for every sample by itself, or for the batch
  };

  explicit StochasticDepth(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override {
    return make<StochasticDepth>(Options{.p = p_, .mode = mode_});
  }

  double p_;
  StochasticDepthMode mode_;
  mutable RandomStream stream_;
};

/// `alpha_dropout` as a layer: for networks of `selu`.
class AlphaDropout : public Module {
 public:
  struct Options {
    double p = 0.5;  ///< the probability that an element takes the value that selu tends to
  };

  explicit AlphaDropout(const Options& options);
  Tensor forward(const Tensor& x) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<AlphaDropout>(Options{.p = p_}); }

  double p_;
  mutable RandomStream stream_;
};

}  // namespace tapestry::nn
