// Graph operators: every node aggregates messages from its neighbors. Work is divided by nodes and edges are added in
// their order, so results do not depend on the number of threads.
#pragma once

#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/sparse_adjacency.hpp>

namespace tapestry {

/// For every target, the sum over its edges of edge weight · x[source]: the product of the sparse matrix with these
/// weights and the dense x. With several weights per edge (heads), each applies to its own slice of x. The weights of
/// the adjacency itself are not used.
///
/// Shapes: edge_weights (E), x (num_sources, …) → (num_targets, …); edge_weights (E, H), x (num_sources, H, …) →
/// (num_targets, H, …).
/// Throws: ShapeError for operands that do not match the graph, DTypeError unless both are of one floating dtype.
/// Source: PyTorch's `torch.sparse.mm`.
/// Example: sparse_matmul(SparseAdjacency({.num_nodes = 2, .edges = {{0, 1}, {1, 1}}}), Array::full({2}, 3),
/// Array::full({2, 1}, 5)).array().at({1, 0}) == 30
Tensor sparse_matmul(const SparseAdjacency& adjacency, const Tensor& edge_weights, const Tensor& x);

/// How `graph_aggregate` combines the values that a node receives.
enum class Aggregation { sum, mean, max };

/// For every target, the sum, mean or elementwise maximum over its edges of weight · x[source], with the weights of the
/// adjacency; 0 for a node without edges. The mean divides by the number of edges, not by their weights. The gradient
/// of a maximum goes to one edge, the first among equals; NaN counts as the largest value.
///
/// Shapes: x (num_sources, …) → (num_targets, …).
/// Throws: ShapeError unless x has a row per source, DTypeError unless it is floating.
/// Source: Hamilton, Ying and Leskovec, "Inductive representation learning on large graphs", 2017 (section 3.3).
/// Example: graph_aggregate(SparseAdjacency({.num_nodes = 2, .edges = {{0, 1}, {1, 1}}}), Array::from<float>({2, 1},
/// {2, 4}), Aggregation::mean).array().at({1, 0}) == 3
Tensor graph_aggregate(const SparseAdjacency& adjacency, const Tensor& x, Aggregation aggregation = Aggregation::sum);

/// The softmax of scores over the edges of every target: positive, and summing to 1 for every node that has edges.
///
/// Shapes: scores (E) or (E, H) → the same.
/// Throws: ShapeError unless there is a row of scores per edge, DTypeError unless they are floating.
/// Source: Veličković et al., "Graph attention networks", 2018 (equation 2).
/// Example: edge_softmax(SparseAdjacency({.num_nodes = 2, .edges = {{0, 1}, {1, 1}}}),
/// Array::zeros({2})).array().at({1}) == 0.5
Tensor edge_softmax(const SparseAdjacency& adjacency, const Tensor& scores);

}  // namespace tapestry
