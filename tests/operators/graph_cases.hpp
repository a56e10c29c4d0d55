// Random graphs for tests.
#pragma once

#include <string>
#include <vector>

#include <tapestry/core/sparse_adjacency.hpp>

#include "core/generate.hpp"

namespace tapestry::testing {

/// A graph with several edges between some nodes, none to others, and weights in [0.5, 1.5).
inline SparseAdjacency random_graph(Generator& random, bool is_square = false) {
  const std::int64_t sources = random.between(1, 5);
  const std::int64_t targets = is_square ? sources : random.between(1, 5);
  std::vector<SparseAdjacency::Edge> edges(static_cast<std::size_t>(random.between(1, 9)));
  for (auto& edge : edges) {
    edge = {.source = random.between(0, sources - 1),
            .target = random.between(0, targets - 1),
            .weight = random.real(0.5, 1.5)};
  }
  return SparseAdjacency({.num_nodes = sources, .num_targets = targets, .edges = edges});
}

inline std::string describe(const SparseAdjacency& graph) {
  std::string text = std::to_string(graph.num_sources()) + " to " + std::to_string(graph.num_targets()) + ":";
  for (const auto& edge : graph.edges()) text += " " + std::to_string(edge.source) + "→" + std::to_string(edge.target);
  return text;
}

}  // namespace tapestry::testing
