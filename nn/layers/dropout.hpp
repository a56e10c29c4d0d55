// Dropout layers, which are the identity in evaluation mode. Each layer has a random stream of its own, which advances
// with every forward pass in training mode. The constructors throw a ValueError for a probability that is not in
// [0, 1].
#pragma once

#include <string_view>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/dropout/dropout.hpp>
#include <tapestry/core/required.hpp>
#include <tapestry/nn/layers/operator_layer.hpp>

namespace tapestry::nn {

/// The base of `Layer`, which overrides `drop`.
template <class Layer, class LayerOptions>
class DropoutLayer : public OptionsLayer<Layer, LayerOptions, Module> {
 public:
  Tensor forward(const Tensor& x) const override { return this->is_training() ? drop(x, stream_) : x; }

 protected:
  DropoutLayer(std::string_view layer, const LayerOptions& options)
      : DropoutLayer::OptionsLayer(options), stream_(new_random_stream()) {
    check_dropout_probability(layer, options.p);
  }
  /// The output in training mode.
  virtual Tensor drop(const Tensor& x, RandomStream& stream) const = 0;

 private:
  mutable RandomStream stream_;
};

struct DropoutOptions {
  double p = 0.5;  ///< the probability of dropping an element or a channel
};

/// `dropout` as a layer: drops elements.
class Dropout : public DropoutLayer<Dropout, DropoutOptions> {
 public:
  explicit Dropout(const Options& options = {}) : DropoutLayer("Dropout", options) {}

 private:
  Tensor drop(const Tensor& x, RandomStream& stream) const override { return dropout(x, options_.p, stream); }
};

/// `dropout2d` as a layer: drops whole channels of images (N, C, H, W).
class Dropout2d : public DropoutLayer<Dropout2d, DropoutOptions> {
 public:
  explicit Dropout2d(const Options& options = {}) : DropoutLayer("Dropout2d", options) {}

 private:
  Tensor drop(const Tensor& x, RandomStream& stream) const override { return dropout2d(x, options_.p, stream); }
};

/// `alpha_dropout` as a layer, for networks of `selu`: dropped elements take the value that selu tends to.
class AlphaDropout : public DropoutLayer<AlphaDropout, DropoutOptions> {
 public:
  explicit AlphaDropout(const Options& options = {}) : DropoutLayer("AlphaDropout", options) {}

 private:
  Tensor drop(const Tensor& x, RandomStream& stream) const override { return alpha_dropout(x, options_.p, stream); }
};

struct DropBlock2dOptions {
  Required<double> p;                 ///< the approximate fraction of elements to drop
  Required<std::int64_t> block_size;  ///< the side of a square in pixels
};

/// `drop_block2d` as a layer: drops squares of images (N, C, H, W). Throws a ValueError for a block_size below 1.
class DropBlock2d : public DropoutLayer<DropBlock2d, DropBlock2dOptions> {
 public:
  explicit DropBlock2d(const Options& options) : DropoutLayer("DropBlock2d", options) {
    check_positive("DropBlock2d", "block_size", options.block_size);
  }

 private:
  Tensor drop(const Tensor& x, RandomStream& stream) const override {
    return drop_block2d(x, options_.p, options_.block_size, stream);
  }
};

struct StochasticDepthOptions {
  Required<double> p;                                   ///< the probability of dropping the branch
  StochasticDepthMode mode = StochasticDepthMode::row;  ///< per sample, or for the whole batch
};

/// `stochastic_depth` as a layer, for the end of a residual branch.
class StochasticDepth : public DropoutLayer<StochasticDepth, StochasticDepthOptions> {
 public:
  explicit StochasticDepth(const Options& options) : DropoutLayer("StochasticDepth", options) {}

 private:
  Tensor drop(const Tensor& x, RandomStream& stream) const override {
    return stochastic_depth(x, options_.p, stream, options_.mode);
  }
};

}  // namespace tapestry::nn
