// A graph in the form that kernels expect. For .cpp files.
#pragma once

#include <span>
#include <vector>

#include <tapestry/core/sparse_adjacency.hpp>
#include <tapestry/kernels/linalg/sparse.hpp>

namespace tapestry::detail {

inline kernels::SparseRows sparse_rows(const SparseAdjacency& adjacency, bool transposed = false) {
  const SparseAdjacency::Rows& rows = transposed ? adjacency.by_source() : adjacency.by_target();
  return {.rows = transposed ? adjacency.num_sources() : adjacency.num_targets(),
          .edges = adjacency.num_edges(),
          .begin = rows.begin.data(),
          .column = rows.column.data(),
          .edge = rows.edge.data()};
}

/// The number of elements per index of the first `leading` axes.
inline std::int64_t features_of(const Shape& shape, int leading) {
  std::int64_t features = 1;
  for (int axis = leading; axis < shape.rank(); ++axis) features *= shape[axis];
  return features;
}

}  // namespace tapestry::detail
