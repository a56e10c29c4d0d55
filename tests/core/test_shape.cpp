#include <cstdint>
#include <limits>
#include <vector>

#include <tapestry/core/error.hpp>
#include <tapestry/core/shape.hpp>

#include "catch.hpp"

namespace test_shape {

using namespace tapestry;

TEST_CASE("a shape knows its rank and sizes and number of elements") {
  const Shape scalar;
  REQUIRE(scalar.rank() == 0);
  REQUIRE(scalar.numel() == 1);
  REQUIRE(to_string(scalar) == "[]");

  const Shape images = {8, 3, 32, 16};
  REQUIRE(images.rank() == 4);
  REQUIRE(images.numel() == 8 * 3 * 32 * 16);
  REQUIRE(images[1] == 3);
  REQUIRE(images[-1] == 16);
  REQUIRE(images[-4] == 8);
  REQUIRE(to_string(images) == "[8, 3, 32, 16]");
  REQUIRE(std::vector<std::int64_t>(images.begin(), images.end()) == std::vector<std::int64_t>{8, 3, 32, 16});

  REQUIRE(Shape{2, 0, 5}.numel() == 0);
}

TEST_CASE("shapes are equal when ranks and sizes are equal") {
  REQUIRE(Shape{2, 3} == Shape{2, 3});
  REQUIRE(Shape{2, 3} != Shape{3, 2});
  REQUIRE(Shape{2} != Shape{2, 1});
  REQUIRE(Shape{} != Shape{0});
  REQUIRE(Shape{2, 3}.with(1, 3) == Shape{2, 3});
}

TEST_CASE("a shape rejects negative sizes") {
  REQUIRE_THROWS_AS((Shape{3, -1}), ShapeError);
  REQUIRE_THROWS_WITH((Shape{3, -1, 2}), "shape: sizes must not be negative, got [3, -1, 2]");
}

TEST_CASE("a shape rejects more than eight axes") {
  REQUIRE((Shape{1, 2, 1, 2, 1, 2, 1, 2}).rank() == 8);
  REQUIRE_THROWS_WITH((Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}),
                      "shape: expected at most 8 axes, got 9 ([1, 1, 1, 1, 1, 1, 1, 1, 1])");
}

TEST_CASE("a shape rejects a number of elements that overflows int64") {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  REQUIRE(Shape{most}.numel() == most);
  REQUIRE(Shape({std::int64_t{1} << 31, std::int64_t{1} << 31}).numel() == std::int64_t{1} << 62);
  REQUIRE_THROWS_AS((Shape{std::int64_t{1} << 32, std::int64_t{1} << 31}), ShapeError);
  REQUIRE_THROWS_WITH((Shape{4294967296, 4294967296}),
                      "shape: the number of elements of [4294967296, 4294967296] overflows int64");
}

// Strides are products of sizes as well, and a size of 0 does not make them small.
TEST_CASE("a shape rejects sizes whose strides overflow even if a size is zero") {
  constexpr std::int64_t large = std::int64_t{1} << 40;
  REQUIRE_THROWS_AS((Shape{0, large, large}), ShapeError);
  REQUIRE_THROWS_AS((Shape{large, 0, large}), ShapeError);
  REQUIRE_THROWS_AS((Shape{large, large, 0}), ShapeError);
  REQUIRE(Shape({large, 0}).numel() == 0);
}

TEST_CASE("an error names an axis that does not exist") {
  const Shape shape = {2, 3};
  REQUIRE(shape.checked_axis(-2) == 0);
  REQUIRE_THROWS_WITH(shape[2], "shape: axis 2 is out of range for [2, 3] of rank 2");
  REQUIRE_THROWS_WITH(shape[-3], "shape: axis -3 is out of range for [2, 3] of rank 2");
  REQUIRE_THROWS_AS(Shape{}.checked_axis(0), ShapeError);
}

TEST_CASE("with replaces one size") {
  REQUIRE(Shape{2, 3, 4}.with(-1, 7) == Shape{2, 3, 7});
  REQUIRE(Shape{2, 3}.with(0, 0).numel() == 0);
  REQUIRE_THROWS_AS((Shape{2, 3}.with(0, -5)), ShapeError);
  REQUIRE_THROWS_AS((Shape{2, 3}.with(2, 5)), ShapeError);
}

TEST_CASE("shapes broadcast by NumPy's rule") {
  REQUIRE(broadcast_shapes({2, 3}, {2, 3}, "add") == Shape{2, 3});
  REQUIRE(broadcast_shapes({2, 1}, {1, 3}, "add") == Shape{2, 3});
  REQUIRE(broadcast_shapes({4, 2, 3}, {3}, "add") == Shape{4, 2, 3});
  REQUIRE(broadcast_shapes({}, {5, 1}, "add") == Shape{5, 1});
  REQUIRE(broadcast_shapes({0, 3}, {1, 3}, "add") == Shape{0, 3});
  REQUIRE(broadcast_shapes({0, 1}, {1, 3}, "add") == Shape{0, 3});
  REQUIRE_THROWS_AS(broadcast_shapes({0}, {2}, "add"), ShapeError);
  REQUIRE_THROWS_WITH(broadcast_shapes({2, 3}, {2, 4}, "add"),
                      "add: shapes [2, 3] and [2, 4] do not broadcast: 3 and 4 at axis 1 from the end");
  REQUIRE_THROWS_WITH(broadcast_shapes({5, 2, 3}, {4, 1, 3}, "multiply"),
                      "multiply: shapes [5, 2, 3] and [4, 1, 3] do not broadcast: 5 and 4 at axis 3 from the end");
}

}  // namespace test_shape
