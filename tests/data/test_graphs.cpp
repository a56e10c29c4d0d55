// Graph data sets.
#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include <tapestry/core/error.hpp>
#include <tapestry/data/datasets/community_graph.hpp>
#include <tapestry/data/datasets/karate_club.hpp>

#include "catch.hpp"

namespace test_graphs {

using namespace tapestry;
using Catch::Matchers::Message;

namespace {

using Pairs = std::set<std::pair<std::int64_t, std::int64_t>>;
using Numbers = std::vector<std::int64_t>;

Pairs pairs_of(const SparseAdjacency& graph) {
  Pairs pairs;
  for (const auto& edge : graph.edges()) pairs.insert({edge.source, edge.target});
  return pairs;
}

/// Requires every edge exactly once in each direction, with weight 1, and no self-loops.
void require_undirected(const SparseAdjacency& graph) {
  const Pairs pairs = pairs_of(graph);
  REQUIRE(static_cast<std::int64_t>(pairs.size()) == graph.num_edges());
  for (const auto& edge : graph.edges()) {
    REQUIRE(edge.source != edge.target);
    REQUIRE(edge.weight == 1);
    REQUIRE(pairs.contains({edge.target, edge.source}));
  }
}

bool same_graph(const data::LabeledGraph& a, const data::LabeledGraph& b) {
  return pairs_of(a.adjacency) == pairs_of(b.adjacency) &&
         a.features.to_vector<float>() == b.features.to_vector<float>();
}

}  // namespace

TEST_CASE("the karate club has the friendships that Zachary published") {
  const data::LabeledGraph club = data::karate_club();
  require_undirected(club.adjacency);
  REQUIRE(club.adjacency.num_edges() == 2 * 78);
  Numbers degrees(34, 0);
  for (const auto& edge : club.adjacency.edges()) ++degrees[static_cast<std::size_t>(edge.source)];
  REQUIRE(degrees == Numbers{16, 9, 10, 6, 3, 4, 4, 4, 5, 2, 3, 1, 2, 5, 2, 2,  2,
                             2,  2, 3,  2, 2, 2, 5, 3, 3, 2, 4, 3, 4, 4, 6, 12, 17});
  // The club has 45 triangles; each is counted in six orders.
  const Pairs pairs = pairs_of(club.adjacency);
  std::int64_t triangles = 0;
  for (const auto& [a, b] : pairs) {
    for (std::int64_t c = 0; c < 34; ++c) triangles += pairs.contains({b, c}) && pairs.contains({c, a}) ? 1 : 0;
  }
  REQUIRE(triangles == 6 * 45);
  // The leaders are not friends; members 9 and 12 have these friends.
  REQUIRE(!pairs.contains({0, 33}));
  for (const std::int64_t friend_of_9 : {1, 3, 31, 33, 34}) REQUIRE(pairs.contains({8, friend_of_9 - 1}));
  REQUIRE(pairs.contains({11, 0}));
}

TEST_CASE("the karate club splits into halves around its two leaders") {
  const data::LabeledGraph club = data::karate_club();
  const auto side = club.labels.to_vector<std::int64_t>();
  REQUIRE(side == Numbers{0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0,
                          0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
  REQUIRE(std::ranges::count(side, 0) == 17);
  std::int64_t across = 0;
  for (const auto& edge : club.adjacency.edges()) {
    across += side[static_cast<std::size_t>(edge.source)] != side[static_cast<std::size_t>(edge.target)] ? 1 : 0;
  }
  REQUIRE(across == 2 * 11);
  REQUIRE(club.features.shape() == Shape{34, 34});
  for (std::int64_t i = 0; i < 34; ++i) {
    for (std::int64_t j = 0; j < 34; ++j) REQUIRE(club.features.at({i, j}) == (i == j ? 1 : 0));
  }
}

TEST_CASE("a community graph has edges with the requested probabilities") {
  const data::CommunityGraphOptions options = {.communities = 3, .nodes_per_community = 80, .num_features = 5};
  const data::LabeledGraph graph = data::community_graph(options);
  require_undirected(graph.adjacency);
  REQUIRE(graph.features.shape() == Shape{240, 5});
  REQUIRE(graph.features.dtype() == DType::f32);
  const auto label = graph.labels.to_vector<std::int64_t>();
  for (std::size_t i = 0; i < label.size(); ++i) REQUIRE(label[i] == static_cast<std::int64_t>(i % 3));
  double within = 0, between = 0;
  for (const auto& [a, b] : pairs_of(graph.adjacency)) {
    (label[static_cast<std::size_t>(a)] == label[static_cast<std::size_t>(b)] ? within : between) += 0.5;
  }
  // The number of edges among n independent pairs is binomial; allow 5 standard deviations √(n p (1 − p)).
  const auto require_share = [](double edges, double pairs, double p) {
    REQUIRE(std::abs(edges - pairs * p) < 5 * std::sqrt(pairs * p * (1 - p)));
  };
  require_share(within, 3 * 80 * 79 / 2, 0.15);
  require_share(between, 3 * 80 * 80, 0.01);
}

TEST_CASE("probabilities 1 and 0 give complete and separate communities") {
  const auto graph = data::community_graph(
      {.communities = 2, .nodes_per_community = 4, .p_within = 1, .p_between = 0, .num_features = 1});
  REQUIRE(graph.adjacency.num_edges() == 2 * 4 * 3);
  for (const auto& edge : graph.adjacency.edges()) REQUIRE((edge.source - edge.target) % 2 == 0);
}

TEST_CASE("features of a community share a component of the requested magnitude") {
  const auto mean_of_group = [](double signal) {
    const auto graph = data::community_graph(
        {.communities = 2, .nodes_per_community = 400, .num_features = 64, .signal = signal, .seed = 3});
    double square = 0;
    for (std::int64_t f = 0; f < 64; ++f) {
      double sum = 0;
      for (std::int64_t i = 0; i < 800; i += 2) sum += graph.features.at({i, f});
      square += sum / 400 * sum / 400 / 64;
    }
    return square;
  };
  // The mean of 400 draws has the variance signal² + 1/400. The mean of 64 such squares has a relative standard
  // deviation of √(2/64) = 0.18; allow 5 of them.
  REQUIRE(std::abs(mean_of_group(2) / (4 + 1.0 / 400) - 1) < 5 * 0.18);
  REQUIRE(mean_of_group(2) > 0.1);
  REQUIRE(mean_of_group(0) < (1 + 5 * 0.18) / 400);
}

TEST_CASE("a community graph is a function of its options") {
  const data::LabeledGraph first = data::community_graph();
  REQUIRE(same_graph(first, data::community_graph()));
  REQUIRE(!same_graph(first, data::community_graph({.seed = 1})));
  // More edges between communities do not change those within, because every pair has its own random number.
  const auto pairs = pairs_of(first.adjacency);
  const auto more = pairs_of(data::community_graph({.p_between = 0.2}).adjacency);
  REQUIRE(more.size() > pairs.size());
  REQUIRE(std::ranges::includes(more, pairs));
}

TEST_CASE("community_graph rejects options out of range") {
  const auto refuses = [](const data::CommunityGraphOptions& options, const std::string& text) {
    REQUIRE_THROWS_MATCHES(data::community_graph(options), ValueError, Message(text));
  };
  refuses({.communities = 0}, "community_graph: communities must be at least 1, got 0");
  refuses({.nodes_per_community = -2}, "community_graph: nodes_per_community must be at least 1, got -2");
  refuses({.num_features = 0}, "community_graph: num_features must be at least 1, got 0");
  refuses({.p_within = 1.5}, "community_graph: p_within must be in [0, 1], got 1.5");
  refuses({.p_between = NAN}, "community_graph: p_between must be in [0, 1], got nan");
  refuses({.signal = -1}, "community_graph: signal must be at least 0 and finite, got -1");
  refuses({.signal = INFINITY}, "community_graph: signal must be at least 0 and finite, got inf");
}

}  // namespace test_graphs
