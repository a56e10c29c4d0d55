// Graph layers: every node aggregates its neighbors. Names of parameters are those of PyTorch Geometric.
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
/// convolutional networks", 2017, equation 2); nodes that already have a self-loop keep its weight. The normalized
/// graph is cached until a call with another graph, so calls from several threads must not overlap. Parameters:
/// lin.weight, initially Glorot uniform, and bias, initially zeros.
class GcnConv : public ModuleOf<Tensor(const Tensor&, const SparseAdjacency&)> {
 public:
  struct Options {
    Required<std::int64_t> in_channels;   ///< features of a node
    Required<std::int64_t> out_channels;  ///< features of a node of the result
    bool bias = true;                     ///< adds a learnable bias
  };

  /// Throws a ValueError for sizes below 1.
  explicit GcnConv(const Options& options);
  /// x (nodes, in_channels) → (nodes, out_channels). Throws a ShapeError for operands that do not match.
  Tensor forward(const Tensor& x, const SparseAdjacency& adjacency) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<GcnConv>(options_); }

  Options options_;
  Linear& lin_;
  Parameter bias_;
  mutable std::optional<SparseAdjacency> given_, normalized_;
};

/// lin_l(aggregate of the neighbors) + lin_r(the node itself); lin_l has the bias (Hamilton, Ying and Leskovec,
/// "Inductive representation learning on large graphs", 2017, algorithm 1 without line 7). Parameters: lin_l.weight,
/// lin_l.bias, lin_r.weight.
class SageConv : public ModuleOf<Tensor(const Tensor&, const SparseAdjacency&)> {
 public:
  struct Options {
    Required<std::int64_t> in_channels;           ///< features of a node
    Required<std::int64_t> out_channels;          ///< features of a node of the result
    Aggregation aggregation = Aggregation::mean;  ///< how to combine the neighbors
    bool bias = true;                             ///< adds a learnable bias
  };

  /// Throws a ValueError for sizes below 1.
  explicit SageConv(const Options& options);
  /// x (nodes, in_channels) → (nodes, out_channels). Throws a ShapeError for operands that do not match.
  Tensor forward(const Tensor& x, const SparseAdjacency& adjacency) const override;

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<SageConv>(options_); }

  Options options_;
  Linear& lin_l_;
  Linear& lin_r_;
};

/// For every node and head, the average of its projected neighbors and itself, weighted by
/// softmax(leaky_relu(att_src · projected source + att_dst · projected target)) over its edges, plus a bias (Veličković
/// et al., "Graph attention networks", 2018, equations 3 to 6). Ignores edge weights and adds missing self-loops; the
/// graph with self-loops is cached until a call with another graph, so calls from several threads must not overlap.
/// Parameters: att_src and att_dst (1, heads, out_channels), bias, lin.weight; initially Glorot uniform, the bias
/// zeros.
class GatConv : public ModuleOf<Tensor(const Tensor&, const SparseAdjacency&)> {
 public:
  struct Options {
    Required<std::int64_t> in_channels;   ///< features of a node
    Required<std::int64_t> out_channels;  ///< features of a node of the result per head
    std::int64_t heads = 1;               ///< number of heads
    bool concat = true;                   ///< concatenate the heads (heads · out_channels) instead of averaging them
    double negative_slope = 0.2;          ///< slope of the leaky_relu
    double dropout = 0;                   ///< probability of dropping the weight of a neighbor
    bool bias = true;                     ///< adds a learnable bias
  };

  /// Throws a ValueError for options out of range.
  explicit GatConv(const Options& options);
  /// x (nodes, in_channels) → (nodes, heads · out_channels), or (nodes, out_channels) without `concat`. Throws a
  /// ShapeError for operands that do not match.
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
