#include <cmath>
#include <vector>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/data/datasets/community_graph.hpp>

namespace tapestry::data {
namespace {

constexpr std::uint64_t community_stream = 0x6772617068'0000;

void check_count(const char* name, std::int64_t count) {
  if (count < 1) throw ValueError(fmt::format("community_graph: {} must be at least 1, got {}", name, count));
}

void check_probability(const char* name, double p) {
  if (!(p >= 0 && p <= 1)) throw ValueError(fmt::format("community_graph: {} must be in [0, 1], got {}", name, p));
}

void check(const CommunityGraphOptions& options) {
  check_count("communities", options.communities);
  check_count("nodes_per_community", options.nodes_per_community);
  check_count("num_features", options.num_features);
  check_probability("p_within", options.p_within);
  check_probability("p_between", options.p_between);
  if (!(options.signal >= 0) || !std::isfinite(options.signal)) {
    throw ValueError(fmt::format("community_graph: signal must be at least 0 and finite, got {}", options.signal));
  }
}

}  // namespace

LabeledGraph community_graph(const CommunityGraphOptions& options) {
  check(options);
  const std::int64_t nodes = options.communities * options.nodes_per_community;
  const std::int64_t width = options.num_features;
  RandomStream random{.seed = options.seed, .stream = community_stream};
  const Array chances = random.uniform({nodes, nodes}, 0, 1, DType::f64);
  const Array common = random.normal({options.communities, width}, 0, options.signal);
  Array features = random.normal({nodes, width});
  Array labels = Array::empty({nodes}, DType::i64);

  std::vector<SparseAdjacency::Edge> edges;
  const double* chance = chances.data<double>();
  auto* feature = features.mutable_data<float>();
  auto* label = labels.mutable_data<std::int64_t>();
  for (std::int64_t node = 0; node < nodes; ++node) {
    label[node] = node % options.communities;
    for (std::int64_t f = 0; f < width; ++f) feature[node * width + f] += common.data<float>()[label[node] * width + f];
    for (std::int64_t other = 0; other < node; ++other) {
      const double p = label[other] == label[node] ? options.p_within : options.p_between;
      if (chance[node * nodes + other] >= p) continue;
      edges.push_back({.source = node, .target = other});
      edges.push_back({.source = other, .target = node});
    }
  }
  return {.adjacency = SparseAdjacency({.num_nodes = nodes, .edges = std::move(edges)}),
          .features = std::move(features),
          .labels = std::move(labels)};
}

}  // namespace tapestry::data
