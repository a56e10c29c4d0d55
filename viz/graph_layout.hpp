// Where to draw the nodes of a graph.
#pragma once

#include <cstdint>

#include <tapestry/core/array.hpp>
#include <tapestry/core/sparse_adjacency.hpp>

namespace tapestry::viz {

struct ForceLayoutOptions {
  std::int64_t steps = 400;  ///< of moving all nodes
  std::uint64_t seed = 0;    ///< of the places to begin with
};

/// Places for nodes, f64 (nodes, 2) in [0, 1], at which neighbours lie together: all nodes push each other away, those
/// that an edge joins are pulled together, and the middle pulls all of them a little, so that parts do not drift
/// apart. Nodes move less and less far from step to step (Fruchterman and Reingold, "Graph drawing by force-directed
/// placement", 1991). Time grows with the square of the nodes. Throws a ShapeError when edges lead to other nodes than
/// they come from, and a ValueError for negative steps.
Array force_layout(const SparseAdjacency& graph, const ForceLayoutOptions& options = {});

}  // namespace tapestry::viz
