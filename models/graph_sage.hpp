// GraphSAGE of two layers.
#pragma once

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/nn/layers/dropout.hpp>
#include <tapestry/nn/layers/graph.hpp>

namespace tapestry::models {

/// The features of nodes (nodes, in_channels) and their graph → logits (nodes, out_channels): two `nn::SageConv`
/// layers with a ReLU and dropout between them (Hamilton, Ying and Leskovec, "Inductive representation learning on
/// large graphs", 2017, algorithm 1 with K = 2, all neighbors and no normalization). Throws a ValueError for options
/// out of range. Parameters: conv1 and conv2 as in PyTorch Geometric's examples.
class GraphSage : public nn::ModuleOf<Tensor(const Tensor&, const SparseAdjacency&)> {
 public:
  struct Options {
    Required<std::int64_t> in_channels;           ///< features of a node
    Required<std::int64_t> hidden_channels;       ///< features of a node between the layers
    Required<std::int64_t> out_channels;          ///< logits per node
    Aggregation aggregation = Aggregation::mean;  ///< how to combine the neighbors
    double dropout = 0.5;                         ///< probability of dropping a hidden feature
  };

  explicit GraphSage(const Options& options) : options_(options) {}
  /// Throws a ShapeError for operands that do not match.
  Tensor forward(const Tensor& x, const SparseAdjacency& adjacency) const override {
    return conv2_(dropout_(relu(conv1_(x, adjacency))), adjacency);
  }

 private:
  std::unique_ptr<nn::ModuleBase> make_like() const override { return make<GraphSage>(options_); }

  Options options_;
  nn::Dropout& dropout_ = add("dropout", nn::Dropout({.p = options_.dropout}));
  nn::SageConv& conv1_ = add("conv1", nn::SageConv({.in_channels = options_.in_channels,
                                                    .out_channels = options_.hidden_channels,
                                                    .aggregation = options_.aggregation}));
  nn::SageConv& conv2_ = add("conv2", nn::SageConv({.in_channels = options_.hidden_channels,
                                                    .out_channels = options_.out_channels,
                                                    .aggregation = options_.aggregation}));
};

}  // namespace tapestry::models
