#include <vector>

#include <tapestry/core/error.hpp>
#include <tapestry/core/sparse_adjacency.hpp>

#include "core/generate.hpp"

namespace test_sparse_adjacency {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
using Indices = std::vector<std::int64_t>;

namespace {

SparseAdjacency example() {
  return SparseAdjacency(
      {.num_nodes = 3, .num_targets = 4, .edges = {{2, 1, 0.5}, {0, 3}, {1, 1}, {2, 3, -2}, {2, 1}}});
}

}  // namespace

TEST_CASE("a graph lists the edges of every target and source in their order") {
  const SparseAdjacency graph = example();
  REQUIRE(graph.num_sources() == 3);
  REQUIRE(graph.num_targets() == 4);
  REQUIRE(graph.num_edges() == 5);
  REQUIRE(graph.by_target().begin == Indices{0, 0, 3, 3, 5});
  REQUIRE(graph.by_target().column == Indices{2, 1, 2, 0, 2});
  REQUIRE(graph.by_target().edge == Indices{0, 2, 4, 1, 3});
  REQUIRE(graph.by_source().begin == Indices{0, 1, 2, 5});
  REQUIRE(graph.by_source().column == Indices{3, 1, 1, 3, 1});
  REQUIRE(graph.by_source().edge == Indices{1, 2, 0, 3, 4});
  REQUIRE(graph.sources().to_vector<std::int64_t>() == Indices{2, 0, 1, 2, 2});
  REQUIRE(graph.targets().to_vector<std::int64_t>() == Indices{1, 3, 1, 3, 1});
  REQUIRE(graph.weights().to_vector<float>() == std::vector<float>{0.5, 1, 1, -2, 1});
  REQUIRE(graph.weights(DType::f64).dtype() == DType::f64);
}

TEST_CASE("a copy of a graph is the same graph and one built from the same edges is not") {
  const SparseAdjacency graph = example(), copy = graph;
  REQUIRE(copy.is_same(graph));
  REQUIRE_FALSE(example().is_same(graph));
}

TEST_CASE("a graph may have no nodes or edges") {
  const SparseAdjacency empty({.num_nodes = 0});
  REQUIRE(empty.num_edges() == 0);
  REQUIRE(empty.by_target().begin == Indices{0});
  REQUIRE(empty.with_self_loops().num_edges() == 0);
  REQUIRE(empty.weights().shape() == Shape{0});
}

TEST_CASE("self-loops are added to nodes that have none") {
  const SparseAdjacency graph = SparseAdjacency({.num_nodes = 3, .edges = {{0, 1}, {1, 1, 7}}}).with_self_loops();
  REQUIRE(graph.sources().to_vector<std::int64_t>() == Indices{0, 1, 0, 2});
  REQUIRE(graph.targets().to_vector<std::int64_t>() == Indices{1, 1, 0, 2});
  REQUIRE(graph.weights().to_vector<float>() == std::vector<float>{1, 7, 1, 1});
}

TEST_CASE("normalized divides by the square roots of both degrees") {
  // Node 0 receives 4, node 1 receives 1 + 8 = 9, node 2 nothing.
  const SparseAdjacency graph =
      SparseAdjacency({.num_nodes = 3, .edges = {{0, 0, 4}, {0, 1}, {1, 1, 8}, {2, 1, 0}}}).normalized();
  const std::vector<double> wanted = {1, 1.0 / 6, 8.0 / 9, 0};
  require_close(graph.weights(DType::f64), Array::from({4}, wanted), 1e-15);
}

TEST_CASE("an error names the edge and the endpoint that does not exist") {
  const auto made_of = [](const std::vector<SparseAdjacency::Edge>& edges) {
    return SparseAdjacency({.num_nodes = 3, .num_targets = 2, .edges = edges});
  };
  REQUIRE_THROWS_MATCHES(made_of({{0, 1}, {3, 1}}), ValueError,
                         Message("SparseAdjacency: the source of edge 1 (3 → 1) is outside [0, 3)"));
  REQUIRE_THROWS_MATCHES(made_of({{0, 2}}), ValueError,
                         Message("SparseAdjacency: the target of edge 0 (0 → 2) is outside [0, 2)"));
  REQUIRE_THROWS_MATCHES(made_of({{-1, 0}}), ValueError,
                         Message("SparseAdjacency: the source of edge 0 (-1 → 0) is outside [0, 3)"));
  REQUIRE_THROWS_MATCHES(SparseAdjacency({.num_nodes = -1}), ValueError,
                         Message("SparseAdjacency: numbers of nodes must not be negative, got -1 and -1"));
  REQUIRE_THROWS_MATCHES(made_of({}).with_self_loops(), ShapeError,
                         Message("with_self_loops: expected edges among the same nodes, got 3 sources and 2 targets"));
  REQUIRE_THROWS_MATCHES(made_of({}).normalized(), ShapeError,
                         Message("normalized: expected edges among the same nodes, got 3 sources and 2 targets"));
}

}  // namespace test_sparse_adjacency
