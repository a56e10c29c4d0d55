// The edges of a graph.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <tapestry/core/array.hpp>
#include <tapestry/core/required.hpp>

namespace tapestry {

/// The edges of a graph, as compressed rows by target and by source. A cheap shared handle; immutable.
class SparseAdjacency {
 public:
  /// A directed edge. Parallel edges and self-loops are allowed.
  struct Edge {
    std::int64_t source;
    std::int64_t target;
    double weight = 1;
  };

  struct Options {
    Required<std::int64_t> num_nodes;              ///< source nodes, and target nodes unless num_targets is given
    std::optional<std::int64_t> num_targets = {};  ///< target nodes, if they are not the source nodes
    std::vector<Edge> edges = {};
  };

  /// The edges of every row, in the order in which they were given.
  struct Rows {
    std::vector<std::int64_t> begin;   ///< where each row begins in the other two; the last entry is the end
    std::vector<std::int64_t> column;  ///< the node at the other end
    std::vector<std::int64_t> edge;    ///< the number of the edge
  };

  /// Throws a ValueError for a negative number of nodes, or for an edge from or to a node out of range.
  explicit SparseAdjacency(const Options& options);

  std::int64_t num_sources() const { return data_->num_sources; }
  std::int64_t num_targets() const { return data_->num_targets; }
  std::int64_t num_edges() const { return static_cast<std::int64_t>(data_->edges.size()); }
  const std::vector<Edge>& edges() const& { return data_->edges; }
  std::vector<Edge> edges() const&& { return data_->edges; }
  const Rows& by_target() const& { return data_->by_target; }
  Rows by_target() const&& { return data_->by_target; }
  const Rows& by_source() const& { return data_->by_source; }
  Rows by_source() const&& { return data_->by_source; }
  /// True when both are handles of one graph.
  bool is_same(const SparseAdjacency& other) const { return data_ == other.data_; }

  /// The weights of the edges, in their order: f32 or f64 (num_edges).
  Array weights(DType dtype = DType::f32) const;
  /// Where the edges start, i64 (num_edges).
  Array sources() const;
  /// Where the edges end, i64 (num_edges).
  Array targets() const;

  /// A copy with a self-loop of weight 1 at every node that has none. Throws a ShapeError when targets and sources
  /// differ.
  SparseAdjacency with_self_loops() const;
  /// A copy with every weight divided by √(degree of the source · degree of the target), D^{−1/2} A D^{−1/2}, where a
  /// degree is the sum of the incoming weights of a node; 0 where a degree is not positive. Throws a ShapeError when
  /// targets and sources differ.
  SparseAdjacency normalized() const;

 private:
  struct Data {
    std::int64_t num_sources;
    std::int64_t num_targets;
    std::vector<Edge> edges;
    Rows by_target, by_source;
  };

  void check_square(const char* operation) const;

  std::shared_ptr<const Data> data_;
};

}  // namespace tapestry
