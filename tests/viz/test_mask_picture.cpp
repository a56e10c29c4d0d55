#include <tapestry/core/error.hpp>
#include <tapestry/viz/mask_picture.hpp>

#include "core/generate.hpp"

namespace test_mask_picture {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

using Pixel = std::vector<double>;

Pixel pixel(const Array& picture, std::int64_t column) {
  return {picture.at({0, 0, column}), picture.at({1, 0, column}), picture.at({2, 0, column})};
}

}  // namespace

TEST_CASE("a mask picture has ten distinct class colors that repeat") {
  const Array picture = viz::mask_picture(Array::from<std::int64_t>({1, 5}, {0, 1, 2, 11, 0}));
  REQUIRE(picture.shape() == Shape{3, 1, 5});
  REQUIRE(picture.dtype() == DType::u8);
  CHECK(pixel(picture, 0) == Pixel{34, 34, 40});
  CHECK(pixel(picture, 1) == Pixel{78, 121, 167});
  CHECK(pixel(picture, 2) == Pixel{242, 142, 43});
  CHECK(pixel(picture, 3) == pixel(picture, 1));
  CHECK(pixel(picture, 4) == pixel(picture, 0));
}

TEST_CASE("mask_picture rejects input that is not a mask") {
  CHECK_THROWS_WITH(viz::mask_picture(Array::zeros({1, 2, 3}, DType::i64)),
                    "mask_picture: expected (H, W), got i64[1, 2, 3]");
  CHECK_THROWS_WITH(viz::mask_picture(Array::zeros({2, 3})), "mask_picture: expected i64, got f32[2, 3]");
  CHECK_THROWS_WITH(viz::mask_picture(Array::from<std::int64_t>({2, 2}, {0, 1, 2, -1})),
                    "mask_picture: classes must not be negative, got -1 at row 1, column 1");
}

}  // namespace test_mask_picture
