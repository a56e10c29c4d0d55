#include <vector>

#include <tapestry/data/datasets/karate_club.hpp>

namespace tapestry::data {
namespace {

constexpr std::int64_t members = 34;

/// For each member, counted from 1, the friends with higher numbers.
const std::vector<std::vector<std::int64_t>>& later_friends() {
  static const std::vector<std::vector<std::int64_t>> friends = {
      {2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 18, 20, 22, 32},  // 1, the instructor
      {3, 4, 8, 14, 18, 20, 22, 31},
      {4, 8, 9, 10, 14, 28, 29, 33},
      {8, 13, 14},
      {7, 11},
      {7, 11, 17},
      {17},
      {},
      {31, 33, 34},
      {34},
      {},  // 11
      {},
      {},
      {34},
      {33, 34},
      {33, 34},
      {},
      {},
      {33, 34},
      {34},
      {33, 34},  // 21
      {},
      {33, 34},
      {26, 28, 30, 33, 34},
      {26, 28, 32},
      {32},
      {30, 34},
      {34},
      {32, 34},
      {33, 34},
      {33, 34},  // 31
      {33, 34},
      {34},
      {},  // 34, the president
  };
  return friends;
}

/// The members who stayed with the instructor, counted from 1.
constexpr std::int64_t stayed[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 17, 18, 20, 22};

}  // namespace

LabeledGraph karate_club() {
  std::vector<SparseAdjacency::Edge> edges;
  for (std::int64_t member = 0; member < members; ++member) {
    for (const std::int64_t other : later_friends()[static_cast<std::size_t>(member)]) {
      edges.push_back({.source = member, .target = other - 1});
      edges.push_back({.source = other - 1, .target = member});
    }
  }
  Array features = Array::zeros({members, members});
  for (std::int64_t member = 0; member < members; ++member) {
    features.mutable_data<float>()[member * members + member] = 1;
  }
  Array labels = Array::full({members}, 1, DType::i64);
  for (const std::int64_t member : stayed) labels.mutable_data<std::int64_t>()[member - 1] = 0;
  return {.adjacency = SparseAdjacency({.num_nodes = members, .edges = edges}), .features = features, .labels = labels};
}

}  // namespace tapestry::data
