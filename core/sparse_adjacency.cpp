#include <cmath>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/core/sparse_adjacency.hpp>

namespace tapestry {
namespace {

using Edge = SparseAdjacency::Edge;

void check_end(const char* end, std::size_t number, const Edge& edge, std::int64_t node, std::int64_t nodes) {
  if (node >= 0 && node < nodes) return;
  throw ValueError(fmt::format("SparseAdjacency: the {} of edge {} ({} → {}) is outside [0, {})", end, number,
                               edge.source, edge.target, nodes));
}

/// The edges sorted by one end, stably.
SparseAdjacency::Rows rows_by(std::int64_t nodes, const std::vector<Edge>& edges, std::int64_t Edge::*row,
                              std::int64_t Edge::*column) {
  SparseAdjacency::Rows rows;
  rows.begin.assign(static_cast<std::size_t>(nodes) + 1, 0);
  for (const Edge& edge : edges) ++rows.begin[static_cast<std::size_t>(edge.*row) + 1];
  for (std::size_t i = 1; i < rows.begin.size(); ++i) rows.begin[i] += rows.begin[i - 1];
  rows.column.resize(edges.size());
  rows.edge.resize(edges.size());
  std::vector<std::int64_t> next(rows.begin.begin(), rows.begin.end() - 1);
  for (std::size_t number = 0; number < edges.size(); ++number) {
    const auto place = static_cast<std::size_t>(next[static_cast<std::size_t>(edges[number].*row)]++);
    rows.column[place] = edges[number].*column;
    rows.edge[place] = static_cast<std::int64_t>(number);
  }
  return rows;
}

template <class Value>
Array of_edges(const std::vector<Edge>& edges, Value Edge::*member) {
  std::vector<Value> values;
  for (const Edge& edge : edges) values.push_back(edge.*member);
  return Array::from({static_cast<std::int64_t>(edges.size())}, values);
}

}  // namespace

SparseAdjacency::SparseAdjacency(const Options& options) {
  const std::int64_t sources = options.num_nodes;
  const std::int64_t targets = options.num_targets.value_or(sources);
  if (sources < 0 || targets < 0) {
    throw ValueError(
        fmt::format("SparseAdjacency: numbers of nodes must not be negative, got {} and {}", sources, targets));
  }
  for (std::size_t number = 0; number < options.edges.size(); ++number) {
    const Edge& edge = options.edges[number];
    check_end("source", number, edge, edge.source, sources);
    check_end("target", number, edge, edge.target, targets);
  }
  data_ =
      std::make_shared<const Data>(Data{.num_sources = sources,
                                        .num_targets = targets,
                                        .edges = options.edges,
                                        .by_target = rows_by(targets, options.edges, &Edge::target, &Edge::source),
                                        .by_source = rows_by(sources, options.edges, &Edge::source, &Edge::target)});
}

Array SparseAdjacency::weights(DType dtype) const {
  return of_edges(edges(), &Edge::weight).to(dtype);
}

Array SparseAdjacency::sources() const {
  return of_edges(edges(), &Edge::source);
}

Array SparseAdjacency::targets() const {
  return of_edges(edges(), &Edge::target);
}

void SparseAdjacency::check_square(const char* operation) const {
  if (num_sources() == num_targets()) return;
  throw ShapeError(fmt::format("{}: expected edges among the same nodes, got {} sources and {} targets", operation,
                               num_sources(), num_targets()));
}

SparseAdjacency SparseAdjacency::with_self_loops() const {
  check_square("with_self_loops");
  std::vector<bool> has_loop(static_cast<std::size_t>(num_sources()), false);
  std::vector<Edge> all = edges();
  for (const Edge& edge : edges()) {
    if (edge.source == edge.target) has_loop[static_cast<std::size_t>(edge.source)] = true;
  }
  for (std::int64_t node = 0; node < num_sources(); ++node) {
    if (!has_loop[static_cast<std::size_t>(node)]) all.push_back({.source = node, .target = node});
  }
  return SparseAdjacency({.num_nodes = num_sources(), .edges = std::move(all)});
}

SparseAdjacency SparseAdjacency::normalized() const {
  check_square("normalized");
  std::vector<double> factor(static_cast<std::size_t>(num_targets()), 0);
  for (const Edge& edge : edges()) factor[static_cast<std::size_t>(edge.target)] += edge.weight;
  for (double& degree : factor) degree = degree > 0 ? 1 / std::sqrt(degree) : 0;
  std::vector<Edge> all = edges();
  for (Edge& edge : all) {
    edge.weight *= factor[static_cast<std::size_t>(edge.source)] * factor[static_cast<std::size_t>(edge.target)];
  }
  return SparseAdjacency({.num_nodes = num_sources(), .edges = std::move(all)});
}

}  // namespace tapestry
