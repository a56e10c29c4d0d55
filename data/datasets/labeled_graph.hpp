// A data set that consists of one graph.
#pragma once

#include <tapestry/core/array.hpp>
#include <tapestry/core/sparse_adjacency.hpp>

namespace tapestry::data {

/// A graph whose nodes have features and classes.
struct LabeledGraph {
  SparseAdjacency adjacency;  ///< undirected edges are stored in both directions
  Array features;             ///< f32 (nodes, features)
  Array labels;               ///< i64 (nodes)
};

}  // namespace tapestry::data
