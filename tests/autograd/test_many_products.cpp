// Matrix products, convolutions, graphs and windows with many equal terms.
#include <cmath>
#include <vector>

#include <tapestry/autograd/ops/attention/attention.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/conv/unfold.hpp>
#include <tapestry/autograd/ops/graph/graph.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/pad.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/sparse_adjacency.hpp>

#include "autograd/many_terms.hpp"

namespace test_many_products {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

SparseAdjacency star(std::int64_t n, bool from_center) {
  std::vector<SparseAdjacency::Edge> edges;
  for (std::int64_t i = 0; i < n; ++i) edges.push_back({.source = from_center ? 0 : i, .target = from_center ? i : 0});
  return SparseAdjacency({.num_nodes = n, .edges = edges});
}

std::vector<Sum> graphs_and_windows() {
  return {
      {"sparse_matmul",
       [](auto n) {
         return slice(sparse_matmul(star(n, false), full({n}, 1), full({n, 2})), 0, 0, 1).array();
       },
       times_term},
      {"graph_aggregate",
       [](auto n) {
         const Array all =
             gradient({n, 2}, [=](const Tensor& x) { return graph_aggregate(star(n, true), x, Aggregation::max); });
         return slice(all, 0, 0, 1).array();
       },
       times_term},
      {"edge_softmax", [](auto n) { return edge_softmax(star(n, false), full({n})).array(); },
       [](double n) { return 1 / n; }},
  };
}

/// Windows of n elements that begin at each of n positions: an element in the middle is in n of them.
std::vector<Sum> overlapping_windows() {
  const auto middle = [](const Array& x) { return x.reshape({-1}).slice(x.numel() / 2, x.numel() / 2 + 1); };
  return {
      {"gradient of avg_pool1d",
       [=](auto n) {
         return middle(gradient({1, 1, 2 * n - 1},
                                [=](const Tensor& x) { return avg_pool1d(x, {.kernel_size = n, .stride = 1}); }));
       },
       just_term},
      {"gradient of max_pool1d",
       [=](auto n) {
         const Tensor x = leaf(pad(full({1, 1, 1}), {n - 1, n - 1}).array());
         const Tensor y = max_pool1d(x, {.kernel_size = n, .stride = 1});
         return middle(grad(y, {x}, full(y.shape()))[0].array());
       },
       times_term},
      {"fold",
       [=](auto n) {
         return middle(fold(full({1, n, n}), {.output_size = Pair(1, 2 * n - 1), .kernel_size = Pair(1, n)}).array());
       },
       times_term},
  };
}

std::vector<Sum> products() {
  const auto squared = [](double n) { return n * term * term; };
  return {
      {"dot product", [](auto n) { return matmul(full({n}), full({n})).array(); }, squared, of_product},
      {"matmul",
       [](auto n) {
         return matmul(full({3, n}), full({n, 2})).array();
       },
       squared, of_product},
      {"linear weight",
       [](auto n) {
         return gradient({2, 3}, [=](const Tensor& w) { return linear(full({n, 3}), w); });
       },
       squared, of_product},
      {"batched matmul",
       [](auto n) {
         return matmul(full({2, 1, n / 2}), full({2, n / 2, 1})).array();
       },
       [](double n) { return n / 2 * term * term; }, of_product},
      {"attention",
       [](auto n) {
         return scaled_dot_product_attention(full({1, 2}), full({n, 2}), full({n, 2})).array();
       },
       just_term, of_product},
      {"conv1d of one window",
       [](auto n) {
         return conv1d(full({1, 1, n}), full({1, 1, n})).array();
       },
       squared},
      {"conv1d weight",
       [](auto n) {
         return gradient({2, 1, 1}, [=](const Tensor& w) { return conv1d(full({1, 1, n}), w); });
       },
       squared, of_product},
      {"conv2d weight",
       [](auto n) {
         return gradient({1, 2, 1, 1}, [=](const Tensor& w) { return conv2d(full({n / 64, 2, 8, 8}), w); });
       },
       squared, of_product},
      {"conv2d weight by Winograd's algorithm",
       [](auto n) {
         return gradient({16, 16, 3, 3}, [=](const Tensor& w) { return conv2d(full({n / 4096, 16, 66, 66}), w); });
       },
       squared, 1e-4},
      {"depthwise conv1d weight",
       [](auto n) {
         return gradient({2, 1, 3}, [=](const Tensor& w) { return conv1d(full({1, 2, n + 2}), w, {}, {.groups = 2}); });
       },
       squared, of_product},
      {"depthwise conv2d weight",
       [](auto n) {
         return gradient({2, 1, 1, 1}, [=](const Tensor& w) {
           return conv2d(full({n / 64, 2, 8, 8}), w, {}, {.groups = 2});
         });
       },
       squared, of_product},
      {"conv_transpose1d weight",
       [](auto n) {
         return gradient({1, 2, 1}, [=](const Tensor& w) { return conv_transpose1d(full({1, 1, n}), w); });
       },
       squared, of_product},
  };
}

}  // namespace

TEST_CASE("sums over a hundred thousand neighbors are exact") {
  check(graphs_and_windows(), 100000);
}

TEST_CASE("gradients of thousands of overlapping windows are exact") {
  check(overlapping_windows(), 4000);
}

TEST_CASE("products of a million terms are exact") {
  check(products(), million);
}

TEST_CASE("products of matrices with a hundred thousand terms per element are exact") {
  constexpr std::int64_t n = 100000;
  const Array a = full({64, n}), b = full({n, 64});
  for (const Tensor& product : {matmul(a, b), linear(a, full({64, n})), matmul(transpose(Tensor(b), 0, 1), b)}) {
    const double expected = n * term * term;
    for (const double value : values_of(product.array())) REQUIRE(std::abs(value - expected) <= of_product * expected);
  }
  const Array weight = gradient({64, 64}, [&](const Tensor& w) { return linear(full({n, 64}), w); });
  const double expected = n * term * term;
  for (const double value : values_of(weight)) REQUIRE(std::abs(value - expected) <= of_product * expected);
}

TEST_CASE("slow: products of thirty million terms are exact") {
  for (const Sum& one : products()) {
    // Sixteen channels need gigabytes.
    if (one.name != "conv2d weight by Winograd's algorithm") check({one}, very_many);
  }
}

}  // namespace test_many_products
