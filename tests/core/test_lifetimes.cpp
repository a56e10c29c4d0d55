// Accessors of temporaries return values that do not refer to the temporaries.
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include <tapestry/core/array.hpp>
#include <tapestry/core/sparse_adjacency.hpp>

#include "catch.hpp"

namespace test_lifetimes {

using namespace tapestry;

namespace {

template <class T>
concept GivesPointers = requires(T&& shape) {
  std::forward<T>(shape).begin();
  std::forward<T>(shape).end();
  std::forward<T>(shape).sizes();
};
static_assert(GivesPointers<Shape&> && GivesPointers<const Shape&>);
static_assert(!GivesPointers<Shape> && !GivesPointers<const Shape>);

static_assert(std::is_same_v<decltype(std::declval<const Array&>().shape()), const Shape&>);
static_assert(std::is_same_v<decltype(std::declval<Array>().shape()), Shape>);
static_assert(std::is_same_v<decltype(std::declval<const Array>().shape()), Shape>);

using Edges = std::vector<SparseAdjacency::Edge>;
using Rows = SparseAdjacency::Rows;
static_assert(std::is_same_v<decltype(std::declval<const SparseAdjacency&>().edges()), const Edges&>);
static_assert(std::is_same_v<decltype(std::declval<const SparseAdjacency&>().by_target()), const Rows&>);
static_assert(std::is_same_v<decltype(std::declval<const SparseAdjacency&>().by_source()), const Rows&>);
static_assert(std::is_same_v<decltype(std::declval<const SparseAdjacency>().edges()), Edges>);
static_assert(std::is_same_v<decltype(std::declval<SparseAdjacency>().by_target()), Rows>);
static_assert(std::is_same_v<decltype(std::declval<SparseAdjacency>().by_source()), Rows>);

}  // namespace

TEST_CASE("the shape of a temporary array may be bound to a reference") {
  const Shape& shape = Array::zeros({2, 3}).shape();
  REQUIRE(shape == Shape{2, 3});
  std::int64_t product = 1;
  for (const std::int64_t size : Array::zeros({4, 5}).shape()) product *= size;
  REQUIRE(product == 20);
}

}  // namespace test_lifetimes
