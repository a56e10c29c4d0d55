#include <cmath>
#include <numbers>
#include <vector>

#include <tapestry/core/error.hpp>
#include <tapestry/data/drawing/strokes.hpp>

#include "catch.hpp"

namespace test_strokes {

using namespace tapestry;
using namespace tapestry::data;
using Catch::Matchers::Message;

namespace {

using Bytes = std::vector<std::uint8_t>;

Array black(std::int64_t channels, std::int64_t height, std::int64_t width,
            MemoryFormat format = MemoryFormat::channels_last) {
  return Array::zeros({channels, height, width}, DType::u8, format);
}

double total(const Array& image) {
  double sum = 0;
  for (const std::uint8_t value : image.to_vector<std::uint8_t>()) sum += value;
  return sum;
}

}  // namespace

TEST_CASE("draw_line covers inner pixels fully and edge pixels partly") {
  for (const MemoryFormat format : {MemoryFormat::row_major, MemoryFormat::channels_last}) {
    // Across the image through the center of row 2, two pixels wide: rows 1 and 3 are half covered.
    Array image = black(3, 5, 2, format);
    draw_line(image, {-9, 2.5F}, {9, 2.5F}, 2, {100, 50, 200});
    CHECK(image.to_vector<std::uint8_t>() == Bytes{0, 0, 50,  50,  100, 100, 50,  50,  0, 0,  //
                                                   0, 0, 25,  25,  50,  50,  25,  25,  0, 0,  //
                                                   0, 0, 100, 100, 200, 200, 100, 100, 0, 0});
  }
}

TEST_CASE("a disc has the area of a circle at any position") {
  for (const Point center : {Point{10, 10}, Point{10.5F, 10.5F}, Point{9.8F, 10.3F}}) {
    Array image = black(1, 20, 20);
    fill_disc(image, center, 6, {255, 0, 0});
    // Each of about 2π · 6 edge pixels is off by less than a tenth, in both directions.
    CHECK(std::abs(total(image) / 255 - 36 * std::numbers::pi) < 1);
  }
}

TEST_CASE("the area of a line is length times width plus round ends") {
  Array image = black(1, 40, 40);
  draw_line(image, {8, 9}, {29.5F, 27}, 4, {255, 0, 0});
  const double area = 4 * std::hypot(21.5, 18) + 4 * std::numbers::pi;
  CHECK(std::abs(total(image) / 255 - area) < 2);
  Array back = black(1, 40, 40);
  draw_line(back, {29.5F, 27}, {8, 9}, 4, {255, 0, 0});
  CHECK(std::abs(total(image) - total(back)) <= 255);
}

TEST_CASE("strokes blend with the image and are clipped to it") {
  Array image = Array::full({1, 1, 3}, 200, DType::u8);
  draw_line(image, {1.5F, -5}, {1.5F, 5}, 1, {100, 0, 0});
  CHECK(image.to_vector<std::uint8_t>() == Bytes{200, 100, 200});
  // Half of the pixel to the left of the center.
  draw_line(image, {0.5F, -5}, {0.5F, 5}, 0.0001F, {0, 0, 0});
  CHECK(image.at({0, 0, 0}) == 100);
  const Bytes before = image.to_vector<std::uint8_t>();
  fill_disc(image, {-50, -50}, 9, {1, 1, 1});
  fill_disc(image, {1e30F, 0}, 9, {1, 1, 1});
  fill_disc(image, {NAN, NAN}, 9, {1, 1, 1});
  CHECK(image.to_vector<std::uint8_t>() == before);
}

TEST_CASE("strokes report invalid input") {
  Array image = black(3, 4, 4), plane = Array::zeros({4, 4}, DType::u8), reals = Array::zeros({3, 4, 4});
  CHECK_THROWS_MATCHES(draw_line(image, {}, {}, 0, {}), ValueError,
                       Message("draw_line: width must be positive, got 0"));
  CHECK_THROWS_MATCHES(fill_disc(image, {}, -1.5F, {}), ValueError,
                       Message("fill_disc: radius must be positive, got -1.5"));
  CHECK_THROWS_MATCHES(draw_line(plane, {}, {}, 1, {}), ShapeError,
                       Message("draw_line: expected (C, H, W), got [4, 4]"));
  CHECK_THROWS_MATCHES(fill_disc(reals, {}, 1, {}), DTypeError, Message("fill_disc: expected u8, got f32[3, 4, 4]"));
}

}  // namespace test_strokes
