#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/layers/graph.hpp>

#include "autograd/generate.hpp"
#include "nn/layer_checks.hpp"

namespace test_graph {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
using Aggregate = Aggregation;

namespace {

/// A ring of five with a chord, one loop, and a weight that only the convolution sees.
SparseAdjacency ring() {
  return SparseAdjacency(
      {.num_nodes = 5, .edges = {{0, 1}, {1, 2}, {2, 3, 2.5}, {3, 4}, {4, 0}, {1, 3}, {3, 1}, {2, 2}}});
}

/// The same graph with its nodes in another order.
SparseAdjacency renumbered(const SparseAdjacency& graph, const std::vector<std::int64_t>& number) {
  std::vector<SparseAdjacency::Edge> edges = graph.edges();
  for (auto& edge : edges) {
    edge.source = number[static_cast<std::size_t>(edge.source)];
    edge.target = number[static_cast<std::size_t>(edge.target)];
  }
  std::reverse(edges.begin(), edges.end());
  return SparseAdjacency({.num_nodes = graph.num_sources(), .edges = edges});
}

/// The rows of a matrix in the given order.
Array rows_at(const Array& x, const std::vector<std::int64_t>& number) {
  Array result = Array::empty_like(x);
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    const std::int64_t to = number[static_cast<std::size_t>(i)];
    result.slice(to, to + 1).copy_from(x.slice(i, i + 1));
  }
  return result;
}

template <class Layer>
Array parameter(const Layer& layer, const std::string& name) {
  for (const auto& one : layer.named_parameters()) {
    if (one.name == name) return one.tensor.array();
  }
  FAIL("no parameter " << name);
  return {};
}

template <class Layer>
std::vector<std::string> names(const Layer& layer) {
  std::vector<std::string> result;
  for (const auto& one : layer.named_parameters()) result.push_back(one.name);
  return result;
}

/// Σ x[row] · weight[k] over features.
double projected(const Array& weight, std::int64_t k, const Array& x, std::int64_t row) {
  double sum = 0;
  for (std::int64_t f = 0; f < x.size(1); ++f) sum += weight.at({k, f}) * x.at({row, f});
  return sum;
}

/// A layer in f64 whose biases are not 0.
template <class Layer>
Layer made(const typename Layer::Options& options) {
  manual_seed(1);
  Layer layer(options);
  for (const auto& one : layer.named_parameters()) {
    if (one.name.ends_with("bias")) Array(one.tensor.array()).copy_from(Generator(2).reals(one.tensor.shape()));
  }
  layer.to(DType::f64);
  return layer;
}

/// Requires that reordered nodes give reordered results, and checks gradients of both orders.
template <class Layer>
void require_graph_layer(Layer& layer, const Array& x) {
  const std::vector<std::int64_t> number = {3, 0, 4, 1, 2};
  // Sums of a few terms in another order.
  require_close(layer(rows_at(x, number), renumbered(ring(), number)).array(),
                rows_at(layer(x, ring()).array(), number), 1e-14);
  require_gradients([&](const std::vector<Tensor>& in) { return layer(in[0], ring()); }, {x});
  sum(layer(x, ring())).backward();
  for (const auto& one : layer.named_parameters()) {
    INFO(one.name);
    REQUIRE(one.tensor.grad().defined());
  }
}

}  // namespace

TEST_CASE("a graph convolution is the normalized matrix times the projected nodes") {
  auto layer = made<nn::GcnConv>({.in_channels = 3, .out_channels = 2});
  REQUIRE(names(layer) == std::vector<std::string>{"bias", "lin.weight"});
  const Array x = Generator(3).reals({5, 3});
  const Array weight = parameter(layer, "lin.weight"), bias = parameter(layer, "bias");
  // With the loops: what nodes 0 to 4 receive.
  const std::vector<double> degree = {2, 3, 2, 4.5, 2};
  const auto edges = ring().edges();
  const auto entry = [&](std::int64_t target, std::int64_t source) {
    double total = target == source ? 1 : 0;
    for (const auto& edge : edges) {
      if (edge.target == target && edge.source == source && source != target) total += edge.weight;
    }
    return total;
  };
  const Array y = layer(x, ring()).array();
  for (std::int64_t i = 0; i < 5; ++i) {
    for (std::int64_t k = 0; k < 2; ++k) {
      double sum = bias.at({k});
      for (std::int64_t j = 0; j < 5; ++j) {
        const double scale = std::sqrt(degree[static_cast<std::size_t>(i)] * degree[static_cast<std::size_t>(j)]);
        sum += entry(i, j) / scale * projected(weight, k, x, j);
      }
      REQUIRE(std::abs(y.at({i, k}) - sum) < 1e-14);
    }
  }
  require_graph_layer(layer, x);
}

TEST_CASE("a graph convolution notices another graph") {
  auto layer = made<nn::GcnConv>({.in_channels = 2, .out_channels = 2, .bias = false});
  const Array x = Generator(4).reals({5, 2});
  const SparseAdjacency first = ring(), second({.num_nodes = 5, .edges = {{0, 4}}});
  const Array of_first = layer(x, first).array();
  const Array of_second = layer(x, second).array();
  REQUIRE(values_of(of_first) != values_of(of_second));
  require_equal(layer(x, first).array(), of_first);
  require_equal(layer(x, first).array(), of_first);
}

TEST_CASE("a sage layer adds the aggregated neighbors and the node itself") {
  for (const auto aggregation : {Aggregate::mean, Aggregate::max, Aggregate::sum}) {
    auto layer = made<nn::SageConv>({.in_channels = 3, .out_channels = 2, .aggregation = aggregation});
    REQUIRE(names(layer) == std::vector<std::string>{"lin_l.weight", "lin_l.bias", "lin_r.weight"});
    const Array x = Generator(5).reals({5, 3});
    const Array gathered = graph_aggregate(ring(), x, aggregation).array();
    const Array left = parameter(layer, "lin_l.weight"), right = parameter(layer, "lin_r.weight");
    const Array y = layer(x, ring()).array();
    for (std::int64_t i = 0; i < 5; ++i) {
      for (std::int64_t k = 0; k < 2; ++k) {
        const double wanted =
            projected(left, k, gathered, i) + projected(right, k, x, i) + parameter(layer, "lin_l.bias").at({k});
        REQUIRE(std::abs(y.at({i, k}) - wanted) < 1e-14);
      }
    }
    require_graph_layer(layer, x);
  }
}

TEST_CASE("an attention layer weights neighbors by the softmax of their scores") {
  const std::int64_t heads = 2, size = 3;
  for (const bool concat : {true, false}) {
    auto layer = made<nn::GatConv>({.in_channels = 4, .out_channels = size, .heads = heads, .concat = concat});
    REQUIRE(names(layer) == std::vector<std::string>{"att_src", "att_dst", "bias", "lin.weight"});
    const Array x = Generator(6).reals({5, 4}, -2, 2);
    const Array weight = parameter(layer, "lin.weight"), bias = parameter(layer, "bias");
    const Array source = parameter(layer, "att_src"), target = parameter(layer, "att_dst");
    const auto edges = ring().with_self_loops().edges();
    const auto score = [&](std::int64_t h, std::int64_t from, std::int64_t to) {
      double sum = 0;
      for (std::int64_t k = 0; k < size; ++k) {
        sum += source.at({0, h, k}) * projected(weight, h * size + k, x, from) +
               target.at({0, h, k}) * projected(weight, h * size + k, x, to);
      }
      return sum < 0 ? 0.2 * sum : sum;
    };
    const auto attended = [&](std::int64_t node, std::int64_t h, std::int64_t k) {
      double total = 0, sum = 0;
      for (const auto& edge : edges) {
        if (edge.target != node) continue;
        const double power = std::exp(score(h, edge.source, node));
        total += power;
        sum += power * projected(weight, h * size + k, x, edge.source);
      }
      return sum / total;
    };
    const Array y = layer(x, ring()).array();
    REQUIRE(y.shape() == Shape{5, concat ? heads * size : size});
    for (std::int64_t i = 0; i < 5; ++i) {
      for (std::int64_t k = 0; k < y.size(1); ++k) {
        const double wanted = concat ? attended(i, k / size, k % size) : (attended(i, 0, k) + attended(i, 1, k)) / 2;
        REQUIRE(std::abs(y.at({i, k}) - wanted - bias.at({k})) < 1e-14);
      }
    }
    require_graph_layer(layer, x);
  }
}

TEST_CASE("an attention layer applies dropout in training only") {
  manual_seed(7);
  nn::GatConv layer({.in_channels = 2, .out_channels = 2, .heads = 3, .dropout = 0.5});
  const Array x = Generator(7).reals({5, 2}).to(DType::f32);
  REQUIRE(values_of(layer(x, ring()).array()) != values_of(layer(x, ring()).array()));
  layer.eval();
  require_equal(layer(x, ring()).array(), layer(x, ring()).array());
}

TEST_CASE("weights of graph layers are initialized as in PyTorch Geometric") {
  manual_seed(8);
  nn::GcnConv gcn({.in_channels = 40, .out_channels = 50});
  require_uniform(gcn.parameters()[1], std::sqrt(6.0 / 90));
  require_equal(gcn.parameters()[0].array(), Array::zeros({50}));
  nn::GatConv gat({.in_channels = 30, .out_channels = 60, .heads = 20});
  require_uniform(gat.parameters()[0], std::sqrt(6.0 / 80));
  require_uniform(gat.parameters()[1], std::sqrt(6.0 / 80));
  require_equal(gat.parameters()[2].array(), Array::zeros({1200}));
  require_uniform(gat.parameters()[3], std::sqrt(6.0 / 1230));
  nn::SageConv sage({.in_channels = 64, .out_channels = 50});
  require_uniform(sage.parameters()[0], 1.0 / 8);
}

TEST_CASE("graph layers report operands that do not match") {
  REQUIRE_THROWS_MATCHES(nn::GcnConv({.in_channels = 0, .out_channels = 2}), ValueError,
                         Message("GcnConv: channels must be at least 1, got 0 → 2"));
  REQUIRE_THROWS_MATCHES(nn::SageConv({.in_channels = 1, .out_channels = -2}), ValueError,
                         Message("SageConv: channels must be at least 1, got 1 → -2"));
  REQUIRE_THROWS_MATCHES(nn::GatConv({.in_channels = 1, .out_channels = 0}), ValueError,
                         Message("GatConv: channels must be at least 1, got 1 → 0"));
  REQUIRE_THROWS_MATCHES(nn::GatConv({.in_channels = 1, .out_channels = 1, .heads = 0}), ValueError,
                         Message("GatConv: heads must be at least 1, got 0"));
  REQUIRE_THROWS_MATCHES(nn::GatConv({.in_channels = 1, .out_channels = 1, .dropout = -1}), ValueError,
                         Message("GatConv: p must be in [0, 1], got -1"));
  nn::GcnConv gcn({.in_channels = 3, .out_channels = 2});
  nn::SageConv sage({.in_channels = 3, .out_channels = 2});
  nn::GatConv gat({.in_channels = 3, .out_channels = 2});
  REQUIRE_THROWS_MATCHES(gcn(Array::zeros({4, 3}), ring()), ShapeError,
                         Message("GcnConv: expected x [5, 3], got [4, 3]"));
  REQUIRE_THROWS_MATCHES(sage(Array::zeros({5, 2}), ring()), ShapeError,
                         Message("SageConv: expected x [5, 3], got [5, 2]"));
  REQUIRE_THROWS_MATCHES(gat(Array::zeros({5, 3}), SparseAdjacency({.num_nodes = 5, .num_targets = 4})), ShapeError,
                         Message("GatConv: expected edges among the same nodes, got 5 sources and 4 targets"));
}

}  // namespace test_graph
