// A graph attention network of two layers.
#pragma once

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/nn/layers/dropout.hpp>
#include <tapestry/nn/layers/graph.hpp>

namespace tapestry::models {

/// The features of nodes (nodes, in_channels) and their graph → logits (nodes, out_channels): graph attention with
/// several concatenated heads, an ELU, and graph attention with one head; dropout before each and on the attention
/// weights (Veličković et al., "Graph attention networks", 2018, section 3.3, the transductive network). Throws a
/// ValueError for options out of range. Parameters: conv1 and conv2 as in PyTorch Geometric's example.
class Gat : public nn::ModuleOf<Tensor(const Tensor&, const SparseAdjacency&)> {
 public:
  struct Options {
    Required<std::int64_t> in_channels;      ///< features of a node
    Required<std::int64_t> hidden_channels;  ///< features of a node between the layers, per head
    Required<std::int64_t> out_channels;     ///< logits per node
    std::int64_t heads = 8;                  ///< heads of the first layer
    double dropout = 0.6;                    ///< probability of dropping a feature or a neighbor
  };

  explicit Gat(const Options& options) : options_(options) {}
  /// Throws a ShapeError for operands that do not match.
  Tensor forward(const Tensor& x, const SparseAdjacency& adjacency) const override {
    const Tensor hidden = elu(conv1_(dropout_(x), adjacency));
    return conv2_(dropout_(hidden), adjacency);
  }

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<Gat>(options_); }

  Options options_;
  nn::Dropout& dropout_ = add("dropout", nn::Dropout({.p = options_.dropout}));
  nn::GatConv& conv1_ = add("conv1", nn::GatConv({.in_channels = options_.in_channels,
                                                  .out_channels = options_.hidden_channels,
                                                  .heads = options_.heads,
                                                  .dropout = options_.dropout}));
  nn::GatConv& conv2_ = add("conv2", nn::GatConv({.in_channels = options_.heads * options_.hidden_channels,
                                                  .out_channels = options_.out_channels,
                                                  .concat = false,
                                                  .dropout = options_.dropout}));
};

}  // namespace tapestry::models
