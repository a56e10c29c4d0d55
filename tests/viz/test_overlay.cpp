#include <cmath>
#include <limits>

#include <tapestry/core/error.hpp>
#include <tapestry/viz/color_scale.hpp>
#include <tapestry/viz/overlay.hpp>

#include "catch.hpp"

namespace test_overlay {

using namespace tapestry;

namespace {

using Pixel = std::vector<int>;

Pixel parts(data::Color color) {
  return {color.red, color.green, color.blue};
}

Pixel pixel(const Array& picture, std::int64_t y, std::int64_t x) {
  Pixel result;
  for (std::int64_t c = 0; c < 3; ++c) result.push_back(static_cast<int>(picture.at({c, y, x})));
  return result;
}

}  // namespace

TEST_CASE("color scales interpolate between stops and clamp at the ends") {
  CHECK(parts(viz::viridis(0)) == Pixel{68, 1, 84});
  CHECK(parts(viz::viridis(0.5)) == Pixel{33, 144, 141});
  CHECK(parts(viz::viridis(1)) == Pixel{253, 231, 37});
  // Halfway between the first two of nine stops.
  CHECK(parts(viz::viridis(0.0625)) == Pixel{70, 23, 103});
  CHECK(parts(viz::viridis(-1)) == parts(viz::viridis(0)));
  CHECK(parts(viz::viridis(INFINITY)) == parts(viz::viridis(1)));
  CHECK(parts(viz::viridis(NAN)) == parts(viz::viridis(0)));
  CHECK(parts(viz::spectral(0)) == Pixel{94, 79, 162});
  CHECK(parts(viz::spectral(0.5)) == Pixel{255, 255, 191});
  CHECK(parts(viz::spectral(1)) == Pixel{158, 1, 66});
}

TEST_CASE("overlay blends the image with the colors of the map") {
  const Array image = Array::from<std::uint8_t>({3, 1, 2}, {10, 20, 30, 40, 50, 60});
  const Array map = Array::from<float>({1, 2}, {-3, 4});
  // Values of at most 0 are blue; the largest has the last color.
  CHECK(pixel(viz::overlay(image, map), 0, 0) == Pixel{(94 + 10) / 2, 55, (162 + 50) / 2});
  CHECK(pixel(viz::overlay(image, map), 0, 1) == Pixel{(158 + 20) / 2, 21, (66 + 60) / 2});
  CHECK(pixel(viz::overlay(image, map, {.limit = 8, .opacity = 1}), 0, 1) == Pixel{255, 255, 191});
  CHECK(pixel(viz::overlay(image, map, {.opacity = 0}), 0, 1) == Pixel{20, 40, 60});
  CHECK(pixel(viz::overlay(image.contiguous(MemoryFormat::channels_last), map), 0, 1) == Pixel{89, 21, 63});
  const Array gray = Array::from<std::uint8_t>({1, 1, 2}, {10, 20});
  CHECK(pixel(viz::overlay(gray, map), 0, 1) == Pixel{(158 + 20) / 2, 11, 43});
  CHECK(pixel(viz::overlay(gray, Array::zeros({1, 2}), {.opacity = 1}), 0, 1) == Pixel{94, 79, 162});
}

TEST_CASE("overlay rejects mismatched input") {
  const Array image = Array::zeros({3, 4, 5}, DType::u8), map = Array::zeros({4, 5});
  CHECK_THROWS_WITH(viz::overlay(image, Array::zeros({5, 4})),
                    "overlay: expected an image (3 or 1, H, W) and a map (H, W), got u8[3, 4, 5] and f32[5, 4]");
  CHECK_THROWS_WITH(viz::overlay(Array::zeros({2, 4, 5}, DType::u8), map),
                    "overlay: expected an image (3 or 1, H, W) and a map (H, W), got u8[2, 4, 5] and f32[4, 5]");
  CHECK_THROWS_WITH(viz::overlay(Array::zeros({3, 4, 5}), map),
                    "overlay: expected a u8 image and a floating map, got f32[3, 4, 5] and f32[4, 5]");
  CHECK_THROWS_WITH(viz::overlay(image, map.to(DType::i64)),
                    "overlay: expected a u8 image and a floating map, got u8[3, 4, 5] and i64[4, 5]");
  CHECK_THROWS_WITH(viz::overlay(image, map, {.limit = -1}),
                    "overlay: limit must be at least 0 and opacity in [0, 1], got -1 and 0.5");
  CHECK_THROWS_WITH(viz::overlay(image, map, {.opacity = 1.5}),
                    "overlay: limit must be at least 0 and opacity in [0, 1], got 0 and 1.5");
}

}  // namespace test_overlay
