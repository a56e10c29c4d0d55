// Layers over graphs: every node gathers from its neighbours. Names of parameters are those of PyTorch Geometric.
#pragma once

#include <optional>

#include <tapestry/autograd/ops/graph/graph.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/core/required.hpp>
#include <tapestry/core/sparse_adjacency.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/module_of.hpp>

namespace tapestry::nn {

/// D^{−1/2} (A + I) D^{−1/2} · x · weightᵀ + bias (Kipf and Welling, "Semi-supervised classification with graph
/// convolutional networks", 2017, equation 2); nodes that have a loop already keep its weight. The normalized graph is
/// kept until a call with another one, so that calls from several threads must not overlap. Parameters: lin.weight,
/// initially Glorot uniform, and bias, initially zeros.
class GcnConv : public ModuleOf<Tensor(const Tensor&, const SparseAdjacency&)> {
 public:
  struct Options {
    Required<std::int64_t> in_channels;   ///< features of a node
    Required<std::int64_t> out_channels;  ///< features that it gets
    bool bias = true;                     ///< adds a learnable bias
  };

  /// Throws a ValueError for sizes below 1.
  explicit GcnConv(const Options& options);
  /// x (nodes, in_channels) → (nodes, out_channels). Throws a ShapeError for operands that do not fit.
  Tensor forward(const Tensor& x, const SparseAdjacency& adjacency) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<GcnConv>(options_); }

  Options options_;
  Linear& lin_;
  Parameter bias_;
  mutable std::optional<SparseAdjacency> given_, normalized_;
};

/// lin_l(aggregate of the neighbours) + lin_r(the node itself), where lin_l has the bias (Hamilton, Ying and Leskovec,
/// "Inductive representation learning on large graphs", 2017, algorithm 1 without line 7). Parameters: lin_l.weight,
/// lin_l.bias, lin_r.weight.
class SageConv : public ModuleOf<Tensor(const Tensor&, const SparseAdjacency&)> {
 public:
  struct Options {
    Required<std::int64_t> in_channels;           ///< features of a node
    Required<std::int64_t> out_channels;          ///< features that it gets
    Aggregation aggregation = Aggregation::mean;  ///< how neighbours are put together
    bool bias = true;                             ///< adds a learnable bias
  };

  /// Throws a ValueError for sizes below 1.
  explicit SageConv(const Options& options);
  /// x (nodes, in_channels) → (nodes, out_channels). Throws a ShapeError for operands that do not fit.
  Tensor forward(const Tensor& x, const SparseAdjacency& adjacency) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<SageConv>(options_); }

  Options options_;
  Linear& lin_l_;
  Linear& lin_r_;
};

/// Every node's mean of its neighbours and itself, projected, weighted by
/// softmax(leaky_relu(att_src · projected source + att_dst · projected target)) over its edges, for every head; then
/// plus a bias (Veličković et al., "Graph attention networks", 2018, equations 3 to 6). Edge weights are not used, and
/// nodes without a loop get one; the graph with loops is kept until a call with another one, so that calls from several
/// threads must not overlap. Parameters: att_src and att_dst (1, heads, out_channels), bias, lin.weight; initially
/// Glorot uniform, the bias zeros.
class GatConv : public ModuleOf<Tensor(const Tensor&, const SparseAdjacency&)> {
 public:
  struct Options {
    Required<std::int64_t> in_channels;   ///< features of a node
    Required<std::int64_t> out_channels;  ///< features that it gets from a head
    std::int64_t heads = 1;               ///< how many there are
    bool concat = true;                   ///< heads side by side (heads · out_channels), or else their mean
    double negative_slope = 0.2;          ///< of the leaky_relu
    double dropout = 0;                   ///< the probability of dropping a neighbour's weight in training
    bool bias = true;                     ///< adds a learnable bias
  };

  /// Throws a ValueError for options out of range.
  explicit GatConv(const Options& options);
  /// x (nodes, in_channels) → (nodes, heads · out_channels), or (nodes, out_channels) without `concat`. Throws a
  /// ShapeError for operands that do not fit.
  Tensor forward(const Tensor& x, const SparseAdjacency& adjacency) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<GatConv>(options_); }

  Options options_;
  mutable RandomStream stream_;
  Parameter att_src_, att_dst_, bias_;
  Linear& lin_;
  mutable std::optional<SparseAdjacency> given_, looped_;
};

}  // namespace tapestry::nn
