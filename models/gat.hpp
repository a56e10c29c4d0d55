// A graph attention network of two layers.
#pragma once

#include <tapestry/nn/layers/dropout.hpp>
#include <tapestry/nn/layers/graph.hpp>

namespace tapestry::models {

/// The features of nodes (nodes, in_channels) and their graph → logits (nodes, out_channels): attention of several
/// heads side by side, an ELU, attention of one head; dropout before each and on their weights (Veličković et al.,
/// "Graph attention networks", 2018, section 3.3, the transductive network). Throws a ValueError for options out of
/// range. Parameters: conv1 and conv2 as in PyTorch Geometric's example.
class Gat : public nn::ModuleBase {
 public:
  struct Options {
    Required<std::int64_t> in_channels;      ///< features of a node
    Required<std::int64_t> hidden_channels;  ///< that it has between the layers, of each head
    Required<std::int64_t> out_channels;     ///< logits per node
    std::int64_t heads = 8;                  ///< of the first layer
    double dropout = 0.6;                    ///< the probability of dropping a feature or a neighbour in training
  };

  explicit Gat(const Options& options);
  /// Throws a ShapeError for operands that do not fit.
  Tensor operator()(const Tensor& x, const SparseAdjacency& adjacency);

 private:
  nn::Dropout& dropout_;
  nn::GatConv& conv1_;
  nn::GatConv& conv2_;
};

}  // namespace tapestry::models
