#include <algorithm>
#include <cmath>

#include <tapestry/autograd/ops/graph/graph.hpp>
#include <tapestry/core/error.hpp>

#include "operators/graph_cases.hpp"
#include "operators/suite.hpp"

namespace test_graph {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

Index at_row(Index index, std::int64_t row) {
  index[0] = row;
  return index;
}

Sample matmul_sample(Generator& random) {
  const SparseAdjacency graph = random_graph(random);
  const std::int64_t heads = random.between(0, 3);
  const Shape rest = random.shape(0, 2, 3);
  const Shape leading = heads > 0 ? Shape{graph.num_sources(), heads} : Shape{graph.num_sources()};
  const Array x = random.reals(joined(leading, rest));
  const Array weights = random.reals(heads > 0 ? Shape{graph.num_edges(), heads} : Shape{graph.num_edges()});
  const auto value = [&](const Index& index) {
    double sum = 0;
    for (std::int64_t e = 0; e < graph.num_edges(); ++e) {
      const auto& edge = graph.edges()[static_cast<std::size_t>(e)];
      if (edge.target != index[0]) continue;
      sum += element(weights, heads > 0 ? Index{e, index[1]} : Index{e}) * element(x, at_row(index, edge.source));
    }
    return sum;
  };
  return {.function = [=](Inputs in) { return sparse_matmul(graph, in[0], in[1]); },
          .inputs = {weights, x},
          .expected = made_of(x.shape().with(0, graph.num_targets()), value),
          .options = describe(graph)};
}

Sample aggregate_sample(Generator& random) {
  const SparseAdjacency graph = random_graph(random);
  const auto aggregation = std::vector{Aggregation::sum, Aggregation::mean,
                                       Aggregation::max}[static_cast<std::size_t>(random.between(0, 2))];
  const Array x = random.reals(joined({graph.num_sources()}, random.shape(0, 3, 3)));
  const auto value = [&](const Index& index) {
    std::vector<double> messages;
    for (const auto& edge : graph.edges()) {
      if (edge.target == index[0]) messages.push_back(edge.weight * element(x, at_row(index, edge.source)));
    }
    if (messages.empty()) return 0.0;
    if (aggregation == Aggregation::max) return *std::max_element(messages.begin(), messages.end());
    double sum = 0;
    for (const double message : messages) sum += message;
    return aggregation == Aggregation::sum ? sum : sum / static_cast<double>(messages.size());
  };
  return {.function = [=](Inputs in) { return graph_aggregate(graph, in[0], aggregation); },
          .inputs = {x},
          .expected = made_of(x.shape().with(0, graph.num_targets()), value),
          .options = describe(graph) + " aggregation " + std::to_string(static_cast<int>(aggregation))};
}

Sample softmax_sample(Generator& random) {
  const SparseAdjacency graph = random_graph(random);
  const std::int64_t heads = random.between(0, 3);
  const Array x = random.reals(heads > 0 ? Shape{graph.num_edges(), heads} : Shape{graph.num_edges()}, -3, 3);
  const auto value = [&](const Index& index) {
    const auto& edges = graph.edges();
    long double total = 0;
    for (std::int64_t e = 0; e < graph.num_edges(); ++e) {
      if (edges[static_cast<std::size_t>(e)].target != edges[static_cast<std::size_t>(index[0])].target) continue;
      total += std::exp(static_cast<long double>(element(x, at_row(index, e))) - element(x, index));
    }
    return 1 / total;
  };
  return {.function = [=](Inputs in) { return edge_softmax(graph, in[0]); },
          .inputs = {x},
          .expected = made_of(x.shape(), value),
          .options = describe(graph)};
}

const SparseAdjacency& no_edges() {
  static const SparseAdjacency graph({.num_nodes = 2, .num_targets = 3});
  return graph;
}

const SparseAdjacency& two_edges() {
  static const SparseAdjacency graph({.num_nodes = 3, .edges = {{0, 1}, {2, 1}}});
  return graph;
}

}  // namespace

TEST_CASE("operator: sparse_matmul") {
  const auto call = [](const Array& weights, const Array& x) {
    return [=] { sparse_matmul(two_edges(), weights, x); };
  };
  check_operator(
      {.name = "sparse_matmul",
       .sample = matmul_sample,
       .on_empty = {{[](Inputs in) { return sparse_matmul(no_edges(), in[0], in[1]); },
                     {Array::zeros({0}), Array::zeros({2, 4})},
                     Array::zeros({3, 4})},
                    {[](Inputs in) { return sparse_matmul(two_edges(), in[0], in[1]); },
                     {Array::zeros({2, 3}), Array::zeros({3, 3, 0})},
                     Array::zeros({3, 3, 0})}},
       .rejections = {rejects<ShapeError>(call(Array::zeros({3}), Array::zeros({3, 4})),
                                          "sparse_matmul: expected edge_weights (2) or (2, H), got [3]"),
                      rejects<ShapeError>(call(Array::zeros({2, 1, 1}), Array::zeros({3, 4})),
                                          "sparse_matmul: expected edge_weights (2) or (2, H), got [2, 1, 1]"),
                      rejects<ShapeError>(call(Array::zeros({2}), Array::zeros({4, 4})),
                                          "sparse_matmul: expected an x (3, …) (edge_weights [2]), got [4, 4]"),
                      rejects<ShapeError>(call(Array::zeros({2, 5}), Array::zeros({3, 4})),
                                          "sparse_matmul: expected an x (3, 5, …) (edge_weights [2, 5]), got [3, 4]"),
                      rejects<DTypeError>(
                          call(Array::zeros({2}), Array::zeros({3, 4}, DType::f64)),
                          "sparse_matmul: expected the same dtype, got f32[2] and f64[3, 4]\nhint: convert "
                          "with to(DType)")},
       .configurations = 50,
       .gradients = linear_in_each});
}

TEST_CASE("operator: graph_aggregate") {
  check_operator({.name = "graph_aggregate",
                  .sample = aggregate_sample,
                  .on_empty = {{[](Inputs in) { return graph_aggregate(no_edges(), in[0], Aggregation::max); },
                                {Array::zeros({2, 4})},
                                Array::zeros({3, 4})},
                               {[](Inputs in) { return graph_aggregate(no_edges(), in[0], Aggregation::mean); },
                                {Array::zeros({2, 0})},
                                Array::zeros({3, 0})}},
                  .rejections = {rejects<ShapeError>(
                                     [] {
                                       graph_aggregate(two_edges(), Array::zeros({2, 4}));
                                     },
                                     "graph_aggregate: expected an x (3, …), got [2, 4]"),
                                 rejects<DTypeError>(
                                     [] {
                                       graph_aggregate(two_edges(), Array::zeros({3, 4}, DType::i64));
                                     },
                                     "graph_aggregate: expected f32 or f64, got i64")},
                  .configurations = 60});
}

TEST_CASE("operator: edge_softmax") {
  check_operator({.name = "edge_softmax",
                  .sample = softmax_sample,
                  .on_empty = {{[](Inputs in) { return edge_softmax(no_edges(), in[0]); },
                                {Array::zeros({0, 2})},
                                Array::zeros({0, 2})}},
                  .rejections = {rejects<ShapeError>([] { edge_softmax(two_edges(), Array::zeros({3})); },
                                                     "edge_softmax: expected scores (2) or (2, H), got [3]"),
                                 rejects<DTypeError>([] { edge_softmax(two_edges(), Array::zeros({2}, DType::i64)); },
                                                     "edge_softmax: expected f32 or f64, got i64")},
                  .configurations = 40,
                  .f32_tolerance = 2e-6});
}

}  // namespace test_graph
