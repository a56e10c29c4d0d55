#include <cmath>

#include <tapestry/core/error.hpp>
#include <tapestry/viz/feature_maps_grid.hpp>

#include "catch.hpp"

namespace test_feature_maps_grid {

using namespace tapestry;

namespace {

using Pixel = std::vector<int>;

Pixel pixel(const Array& picture, std::int64_t y, std::int64_t x) {
  Pixel result;
  for (std::int64_t c = 0; c < 3; ++c) result.push_back(static_cast<int>(picture.at({c, y, x})));
  return result;
}

const Pixel darkest = {68, 1, 84}, middle = {33, 144, 141}, brightest = {253, 231, 37};

}  // namespace

TEST_CASE("each feature map is scaled to its own range") {
  const Array maps = Array::from<float>({3, 1, 3}, {-2, 0, 2, 10, 30, 20, 7, 7, 7});
  const Array grid = viz::feature_maps_grid(maps, {.columns = 2, .enlarge = 1, .padding = 1});
  REQUIRE(grid.shape() == Shape{3, 5, 9});
  CHECK(pixel(grid, 1, 1) == darkest);
  CHECK(pixel(grid, 1, 2) == middle);
  CHECK(pixel(grid, 1, 3) == brightest);
  CHECK(pixel(grid, 1, 5) == darkest);
  CHECK(pixel(grid, 1, 6) == brightest);
  CHECK(pixel(grid, 1, 7) == middle);
  CHECK(pixel(grid, 3, 2) == darkest);
  CHECK(pixel(grid, 3, 6) == Pixel{255, 255, 255});
  const Array strange = Array::from<double>({1, 1, 4}, {NAN, 1, 3, -INFINITY});
  const Array line = viz::feature_maps_grid(strange, {.padding = 0});
  CHECK(pixel(line, 0, 0) == darkest);
  CHECK(pixel(line, 0, 2) == brightest);
  CHECK(pixel(line, 0, 3) == darkest);
}

TEST_CASE("feature_maps_grid rejects input that is not feature maps") {
  CHECK_THROWS_WITH(viz::feature_maps_grid(Array::zeros({1, 2, 3, 4})),
                    "feature_maps_grid: expected maps (C, H, W), got f32[1, 2, 3, 4]");
  CHECK_THROWS_WITH(viz::feature_maps_grid(Array::zeros({2, 3, 4}, DType::u8)),
                    "feature_maps_grid: expected f32 or f64, got u8");
  CHECK_THROWS_WITH(viz::feature_maps_grid(Array::zeros({0, 3, 4})), "image_grid: expected at least one image");
}

}  // namespace test_feature_maps_grid
