// Conventions of graph operators.
#include <cmath>
#include <limits>

#include <tapestry/autograd/ops/graph/graph.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>

#include "autograd/generate.hpp"
#include "kernels/execution.hpp"

namespace test_graph {

using namespace tapestry;
using namespace tapestry::testing;

TEST_CASE("the gradient of a maximum goes to the first of equal neighbors") {
  const SparseAdjacency graph({.num_nodes = 3, .edges = {{2, 0}, {1, 0}, {0, 1}}});
  const Tensor x = leaf(f32({3, 2}, {1, 5, 4, 7, 4, 6}));
  const Tensor y = graph_aggregate(graph, x, Aggregation::max);
  require_equal(y.array(), f32({3, 2}, {4, 7, 1, 5, 0, 0}));
  y.backward(f32({3, 2}, {10, 20, 1, 2, 100, 200}), {});
  require_equal(x.grad().array(), f32({3, 2}, {1, 2, 0, 20, 10, 0}));
}

TEST_CASE("NaN is the largest neighbor and minus infinity can be the maximum") {
  const float never = -std::numeric_limits<float>::infinity();
  const SparseAdjacency graph({.num_nodes = 3, .edges = {{0, 0}, {1, 0}, {2, 0}, {0, 1}}});
  const Tensor x = leaf(f32({3, 1}, {never, NAN, 5}));
  const Tensor y = graph_aggregate(graph, x, Aggregation::max);
  require_equal(y.array(), f32({3, 1}, {NAN, never, 0}));
  y.backward(f32({3, 1}, {1, 2, 3}), {});
  require_equal(x.grad().array(), f32({3, 1}, {2, 1, 0}));
}

TEST_CASE("a sum over a graph equals the product with its matrix") {
  const SparseAdjacency graph(
      {.num_nodes = 2, .num_targets = 3, .edges = {{0, 1, 2}, {1, 1, 3}, {1, 2, -1}, {0, 1, 0.5}}});
  const Array x = f64({2, 2}, {1, 2, 3, 4});
  require_equal(graph_aggregate(graph, x).array(), f64({3, 2}, {0, 0, 11.5, 17, -3, -4}));
  require_close(graph_aggregate(graph, x, Aggregation::mean).array(), f64({3, 2}, {0, 0, 11.5 / 3, 17.0 / 3, -3, -4}),
                1e-15);
}

TEST_CASE("scores of ten thousand give a finite softmax over edges") {
  const SparseAdjacency graph({.num_nodes = 2, .edges = {{0, 0}, {1, 0}, {0, 1}}});
  const Tensor y = edge_softmax(graph, f32({3}, {1e4F, -1e4F, -1e4F}));
  require_equal(y.array(), f32({3}, {1, 0, 1}));
}

TEST_CASE("graph operators give the same bits at any number of threads") {
  Generator random(1);
  std::vector<SparseAdjacency::Edge> edges(20000);
  for (auto& edge : edges) {
    edge = {.source = random.between(0, 699), .target = random.between(0, 499), .weight = random.real(-1, 1)};
  }
  const SparseAdjacency graph({.num_nodes = 700, .num_targets = 500, .edges = edges});
  const Array x = random.reals({700, 3, 11}).to(DType::f32);
  const Array scores = random.reals({20000, 3}).to(DType::f32);
  const ThreadCount one(1);
  const auto results = [&](int threads) {
    set_num_threads(threads);
    std::vector<Evaluation> all;
    for (const auto aggregation : {Aggregation::sum, Aggregation::mean, Aggregation::max}) {
      all.push_back(
          evaluate([&](const std::vector<Tensor>& in) { return graph_aggregate(graph, in[0], aggregation); }, {x}));
    }
    all.push_back(
        evaluate([&](const std::vector<Tensor>& in) { return sparse_matmul(graph, edge_softmax(graph, in[0]), in[1]); },
                 {scores, x}));
    return all;
  };
  const auto wanted = results(1);
  for (int threads = 2; threads <= 4; ++threads) {
    const auto got = results(threads);
    for (std::size_t i = 0; i < wanted.size(); ++i) require_close(got[i], wanted[i], 0);
  }
}

}  // namespace test_graph
