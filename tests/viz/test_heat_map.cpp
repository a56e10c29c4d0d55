#include <cmath>
#include <limits>

#include <tapestry/core/error.hpp>
#include <tapestry/viz/heat_map.hpp>

#include "core/generate.hpp"

namespace test_heat_map {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

std::vector<std::uint8_t> pixel(const Array& picture, std::int64_t y, std::int64_t x) {
  std::vector<std::uint8_t> channels;
  for (std::int64_t c = 0; c < 3; ++c) channels.push_back(static_cast<std::uint8_t>(picture.at({c, y, x})));
  return channels;
}

using Pixel = std::vector<std::uint8_t>;
constexpr float infinity = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("a heat map is white at zero and red above and blue below") {
  const Array plane = Array::from<float>({2, 3}, {0, 2, -2, 1, NAN, infinity});
  const Array picture = viz::heat_map(plane);
  REQUIRE(picture.shape() == Shape{3, 2, 3});
  REQUIRE(pixel(picture, 0, 0) == Pixel{255, 255, 255});
  REQUIRE(pixel(picture, 0, 1) == Pixel{178, 24, 43});
  REQUIRE(pixel(picture, 0, 2) == Pixel{33, 102, 172});
  REQUIRE(pixel(picture, 1, 0) == Pixel{217, 140, 149});
  REQUIRE(pixel(picture, 1, 1) == Pixel{0, 0, 0});
  REQUIRE(pixel(picture, 1, 2) == Pixel{178, 24, 43});
  // With a limit of 4, 2 has half the intensity.
  REQUIRE(pixel(viz::heat_map(plane, {.limit = 4}), 0, 1) == Pixel{217, 140, 149});
  REQUIRE(pixel(viz::heat_map(Array::zeros({1, 1})), 0, 0) == Pixel{255, 255, 255});
}

TEST_CASE("heat_map rejects input that is not a plane of numbers") {
  REQUIRE_THROWS_WITH(viz::heat_map(Array::zeros({2, 3, 4})), "heat_map: expected (H, W), got [2, 3, 4]");
  REQUIRE_THROWS_WITH(viz::heat_map(Array::zeros({2, 3}, DType::u8)), "heat_map: expected f32 or f64, got u8");
  REQUIRE_THROWS_WITH(viz::heat_map(Array::zeros({2, 3}), {.limit = -1}), "heat_map: limit must be at least 0, got -1");
}

}  // namespace test_heat_map
