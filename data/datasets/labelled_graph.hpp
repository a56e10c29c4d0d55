// What a data set of one graph holds.
#pragma once

#include <tapestry/core/array.hpp>
#include <tapestry/core/sparse_adjacency.hpp>

namespace tapestry::data {

/// A graph whose nodes have features and classes.
struct LabelledGraph {
  SparseAdjacency adjacency;  ///< edges without a direction are there both ways
  Array features;             ///< f32 (nodes, features)
  Array labels;               ///< i64 (nodes)
};

}  // namespace tapestry::data
