// Graph layout.
#pragma once

#include <cstdint>

#include <tapestry/core/array.hpp>
#include <tapestry/core/sparse_adjacency.hpp>

namespace tapestry::viz {

struct ForceLayoutOptions {
  std::int64_t steps = 400;  ///< iterations
  std::uint64_t seed = 0;    ///< of the initial positions
};

/// Positions of nodes, f64 (nodes, 2) in [0, 1], that place neighbors close together: all nodes repel each other, edges
/// pull their nodes together, and the center attracts all nodes weakly so that components do not drift apart. Moves
/// shrink from step to step (Fruchterman and Reingold, "Graph drawing by force-directed placement", 1991). The time is
/// quadratic in the number of nodes. Throws a ShapeError when targets and sources differ, and a ValueError for negative
/// steps.
Array force_layout(const SparseAdjacency& graph, const ForceLayoutOptions& options = {});

}  // namespace tapestry::viz
