// Layout and drawing of graphs.
#include <algorithm>
#include <cmath>
#include <vector>

#include <tapestry/core/error.hpp>
#include <tapestry/viz/graph_layout.hpp>
#include <tapestry/viz/graph_picture.hpp>

#include "core/generate.hpp"

namespace test_graph_picture {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;

namespace {

using Pixel = std::vector<std::uint8_t>;

Pixel pixel(const Array& picture, std::int64_t y, std::int64_t x) {
  Pixel channels;
  for (std::int64_t c = 0; c < 3; ++c) channels.push_back(static_cast<std::uint8_t>(picture.at({c, y, x})));
  return channels;
}

/// Two rings of six nodes and an edge between them.
SparseAdjacency two_rings() {
  std::vector<SparseAdjacency::Edge> edges = {{0, 6}};
  for (std::int64_t i = 0; i < 6; ++i) {
    edges.push_back({i, (i + 1) % 6});
    edges.push_back({6 + i, 6 + (i + 1) % 6});
  }
  return SparseAdjacency({.num_nodes = 12, .edges = edges});
}

double distance(const Array& places, std::int64_t a, std::int64_t b) {
  return std::hypot(places.at({a, 0}) - places.at({b, 0}), places.at({a, 1}) - places.at({b, 1}));
}

}  // namespace

TEST_CASE("force_layout places neighbors close together and fills the square") {
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const Array places = viz::force_layout(two_rings(), {.seed = seed});
    REQUIRE(places.shape() == Shape{12, 2});
    const auto values = places.to_vector<double>();
    const auto [low, high] = std::ranges::minmax(values);
    REQUIRE(std::min(std::abs(low), std::abs(high - 1)) < 1e-12);
    REQUIRE(low >= -1e-12);
    REQUIRE(high <= 1 + 1e-12);
    double joined = 0, apart = 0;
    for (const auto& edge : two_rings().edges()) joined += distance(places, edge.source, edge.target) / 13;
    for (std::int64_t a = 0; a < 6; ++a) {
      for (std::int64_t b = 6; b < 12; ++b) apart += distance(places, a, b) / 36;
    }
    REQUIRE(apart > 1.5 * joined);
    REQUIRE(values_of(places) == values_of(viz::force_layout(two_rings(), {.seed = seed})));
  }
  REQUIRE(values_of(viz::force_layout(two_rings(), {.seed = 0})) !=
          values_of(viz::force_layout(two_rings(), {.seed = 1})));
}

TEST_CASE("force_layout accepts graphs without nodes or edges and with one node") {
  REQUIRE(viz::force_layout(SparseAdjacency({.num_nodes = 0})).shape() == Shape{0, 2});
  REQUIRE(values_of(viz::force_layout(SparseAdjacency({.num_nodes = 1}))) == std::vector<double>{0.5, 0.5});
  const Array loose = viz::force_layout(SparseAdjacency({.num_nodes = 3}));
  REQUIRE(std::min({distance(loose, 0, 1), distance(loose, 0, 2), distance(loose, 1, 2)}) > 0.5);
  REQUIRE(viz::force_layout(two_rings(), {.steps = 0}).shape() == Shape{12, 2});
}

TEST_CASE("graph_picture draws discs at the given positions and lines between them") {
  const SparseAdjacency pair({.num_nodes = 3, .edges = {{0, 1}, {1, 0}}});
  const Array places = Array::from<double>({3, 2}, {0, 0.5, 1, 0.5, 0, 0});
  const std::vector<data::Color> colors = {{250, 0, 0}, {0, 250, 0}, {0, 0, 250}};
  const Array picture = viz::graph_picture(pair, places, colors, {.width = 60, .height = 40, .radius = 6});
  REQUIRE(picture.shape() == Shape{3, 40, 60});
  // Margins of radius + 2 keep all discs inside.
  REQUIRE(pixel(picture, 20, 8) == Pixel{250, 0, 0});
  REQUIRE(pixel(picture, 20, 52) == Pixel{0, 250, 0});
  REQUIRE(pixel(picture, 8, 8) == Pixel{0, 0, 250});
  REQUIRE(pixel(picture, 35, 30) == Pixel{255, 255, 255});
  REQUIRE(pixel(picture, 14, 30) == Pixel{255, 255, 255});
  // An edge in both directions is drawn once; its center line lies between rows 19 and 20.
  const Array one_way = viz::graph_picture(SparseAdjacency({.num_nodes = 3, .edges = {{1, 0}}}), places, colors,
                                           {.width = 60, .height = 40, .radius = 6});
  REQUIRE(picture.to_vector<std::uint8_t>() == one_way.to_vector<std::uint8_t>());
  REQUIRE(pixel(picture, 20, 30)[0] < 230);
  // The rim has a darker shade of the node's color, or the given color.
  REQUIRE(pixel(picture, 20, 3) == Pixel{150, 0, 0});
  const Array rimmed =
      viz::graph_picture(pair, places, colors, {.width = 60, .height = 40, .radius = 6, .rims = {{1, 2, 3}, {}, {}}});
  REQUIRE(pixel(rimmed, 20, 3) == Pixel{1, 2, 3});
}

TEST_CASE("names on dark nodes are white") {
  const SparseAdjacency graph({.num_nodes = 2});
  const Array places = Array::from<float>({2, 2}, {0, 0.5, 1, 0.5});
  const std::vector<data::Color> colors = {{40, 0, 90}, {250, 250, 200}};
  const auto draw = [&](const std::vector<std::string>& names) {
    return viz::graph_picture(graph, places, colors, {.width = 60, .height = 24, .radius = 9, .names = names});
  };
  const auto counts = [](const Array& picture, std::int64_t left, std::int64_t right, const Pixel& color) {
    int count = 0;
    for (std::int64_t y = 6; y < 18; ++y) {
      for (std::int64_t x = left; x < right; ++x) count += pixel(picture, y, x) == color ? 1 : 0;
    }
    return count;
  };
  REQUIRE(counts(draw({"1", "1"}), 8, 15, {255, 255, 255}) > 5);
  REQUIRE(counts(draw({"1", "1"}), 46, 53, {30, 30, 30}) > 5);
  REQUIRE(counts(draw({}), 8, 15, {255, 255, 255}) == 0);
  REQUIRE(counts(draw({}), 46, 53, {30, 30, 30}) == 0);
}

TEST_CASE("graph pictures and layouts report invalid input") {
  const SparseAdjacency graph({.num_nodes = 2}), bipartite({.num_nodes = 2, .num_targets = 3});
  const Array places = Array::zeros({2, 2});
  const std::vector<data::Color> two(2), three(3);
  REQUIRE_THROWS_MATCHES(viz::force_layout(bipartite), ShapeError,
                         Message("force_layout: expected edges among the same nodes, got 2 sources and 3 targets"));
  REQUIRE_THROWS_MATCHES(viz::force_layout(graph, {.steps = -1}), ValueError,
                         Message("force_layout: steps must not be negative, got -1"));
  REQUIRE_THROWS_MATCHES(viz::graph_picture(bipartite, places, two), ShapeError,
                         Message("graph_picture: expected edges among the same nodes, got 2 sources and 3 targets"));
  REQUIRE_THROWS_MATCHES(viz::graph_picture(graph, Array::zeros({3, 2}), two), ShapeError,
                         Message("graph_picture: expected places [2, 2], got [3, 2]"));
  REQUIRE_THROWS_MATCHES(viz::graph_picture(graph, Array::zeros({2, 2}, DType::i64), two), DTypeError,
                         Message("graph_picture: expected f32 or f64, got i64"));
  REQUIRE_THROWS_MATCHES(viz::graph_picture(graph, places, three), ValueError,
                         Message("graph_picture: expected 2 colors (one per node), got 3"));
  REQUIRE_THROWS_MATCHES(viz::graph_picture(graph, places, two, {.rims = three}), ValueError,
                         Message("graph_picture: expected 2 rims (one per node), got 3"));
  REQUIRE_THROWS_MATCHES(viz::graph_picture(graph, places, two, {.names = {"a"}}), ValueError,
                         Message("graph_picture: expected 2 names (one per node), got 1"));
  REQUIRE_THROWS_MATCHES(viz::graph_picture(graph, places, two, {.width = 0}), ValueError,
                         Message("graph_picture: width must be positive, got 0"));
  REQUIRE_THROWS_MATCHES(viz::graph_picture(graph, places, two, {.height = -3}), ValueError,
                         Message("graph_picture: height must be positive, got -3"));
  REQUIRE_THROWS_MATCHES(viz::graph_picture(graph, places, two, {.radius = 0}), ValueError,
                         Message("graph_picture: radius must be positive, got 0"));
}

}  // namespace test_graph_picture
