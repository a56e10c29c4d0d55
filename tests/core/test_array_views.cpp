#include <cstdint>
#include <vector>

#include <tapestry/core/array.hpp>
#include <tapestry/core/error.hpp>

#include "core/generate.hpp"

namespace test_array_views {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

constexpr auto row_major = MemoryFormat::row_major;
using MemoryFormat::channels_last;

}  // namespace

TEST_CASE("reshape keeps the elements in row-major order in any format") {
  Generator random(3);
  for (int i = 0; i < 30; ++i) {
    const Array array = random.reals(random.shape(3, 4, 5));
    const Array image = in_channels_last(array);
    for (const Array& x : {array, image}) {
      REQUIRE(x.reshape({-1}).to_vector<double>() == array.to_vector<double>());
      REQUIRE(x.reshape({array.size(0), -1}).shape() == Shape{array.size(0), array.numel() / array.size(0)});
      REQUIRE(x.reshape({array.size(-1), 1, -1}).to_vector<double>() == array.to_vector<double>());
    }
    REQUIRE(array.reshape({-1}).shares_memory_with(array));
    REQUIRE(image.reshape(image.shape()).shares_memory_with(image));
    REQUIRE(image.reshape(image.shape()).format() == channels_last);
  }
}

TEST_CASE("reshape shares memory where both shapes have the same element order") {
  const Array pooled = Array::zeros({8, 16, 1, 1}, DType::f32, channels_last);
  REQUIRE(pooled.reshape({8, 16}).shares_memory_with(pooled));
  const Array gray = Array::zeros({8, 1, 5, 6}, DType::f32, channels_last);
  REQUIRE(gray.reshape({8, 30}).shares_memory_with(gray));
  const Array color = Array::zeros({8, 3, 5, 6}, DType::f32, channels_last);
  REQUIRE_FALSE(color.reshape({8, 90}).shares_memory_with(color));
}

TEST_CASE("reshape names both shapes when their element counts differ") {
  const Array array = Array::zeros({2, 3});
  REQUIRE_THROWS_AS(array.reshape({4}), ShapeError);
  REQUIRE_THROWS_WITH(array.reshape({4, 2}), "reshape: cannot reshape [2, 3] with 6 elements to [4, 2]");
  REQUIRE_THROWS_WITH(array.reshape({4, -1}), "reshape: cannot reshape [2, 3] with 6 elements to [4, -1]");
  REQUIRE_THROWS_WITH(array.reshape({-1, -1}), "reshape: only one size may be -1, got [-1, -1]");
  REQUIRE_THROWS_AS(array.reshape({-2, -3}), ShapeError);
  REQUIRE(Array::zeros({0, 3}).reshape({3, -1}).shape() == Shape{3, 0});
  REQUIRE_THROWS_AS(array.reshape({0, -1}), ShapeError);
  REQUIRE(Array::zeros({1, 1}).reshape(Shape{}).rank() == 0);
}

TEST_CASE("slice shares memory and sees later writes") {
  Array array = Array::zeros({4, 3});
  Array middle = array.slice(1, 3);
  REQUIRE(middle.shape() == Shape{2, 3});
  REQUIRE(middle.shares_memory_with(array));
  const auto version = array.version();
  middle.fill(7);
  REQUIRE(array.version() == version + 1);
  REQUIRE(array.to_vector<float>() == std::vector<float>{0, 0, 0, 7, 7, 7, 7, 7, 7, 0, 0, 0});
  REQUIRE(middle.slice(1, 2).at({0, 2}) == 7);
  REQUIRE_FALSE(array.is_unique());
}

TEST_CASE("slices of slices and their reshapes have the right elements in either format") {
  Generator random(4);
  for (int i = 0; i < 30; ++i) {
    const Array array = random.reals(random.shape(1, 4, 6));
    for (const Array& x : {array, in_channels_last(array)}) {
      const std::int64_t begin = random.between(0, x.size(0));
      const std::int64_t end = random.between(begin, x.size(0));
      const Array part = x.slice(begin, end);
      const auto all = array.to_vector<double>();
      const std::int64_t row = array.numel() / array.size(0);
      REQUIRE(part.shape() == array.shape().with(0, end - begin));
      REQUIRE(part.to_vector<double>() == std::vector<double>(all.begin() + begin * row, all.begin() + end * row));
      REQUIRE(part.reshape({-1}).to_vector<double>() == part.to_vector<double>());
      if (end > begin) {
        REQUIRE(part.slice(end - begin - 1, end - begin).to_vector<double>() ==
                std::vector<double>(all.begin() + (end - 1) * row, all.begin() + end * row));
      }
    }
  }
}

TEST_CASE("slice rejects ranges outside the first axis") {
  const Array array = Array::zeros({4, 3});
  REQUIRE(array.slice(4, 4).shape() == Shape{0, 3});
  REQUIRE_THROWS_WITH(array.slice(1, 5), "slice: [1, 5) is out of range for the first axis of [4, 3]");
  REQUIRE_THROWS_AS(array.slice(-1, 2), ShapeError);
  REQUIRE_THROWS_AS(array.slice(3, 2), ShapeError);
  REQUIRE_THROWS_AS(Array::scalar(1).slice(0, 0), ShapeError);
  REQUIRE(Array::zeros({0, 3}).slice(0, 0).numel() == 0);
}

// Includes sizes larger than a tile of 32 and than one piece of work.
TEST_CASE("converting the format back and forth preserves the elements of every type") {
  Generator random(5);
  std::vector<Shape> shapes = {{2, 33, 17, 65}, {1, 70, 40}, {3, 1, 8, 9}, {2, 5, 1, 1}, {0, 3, 4, 5}, {2, 3, 0, 5}};
  for (int i = 0; i < 30; ++i) shapes.push_back(random.shape(3, 4, 9));
  for (const Shape& shape : shapes) {
    for (const DType dtype : {DType::f32, DType::f64, DType::i64, DType::u8}) {
      const Array array = random.integers(shape, dtype);
      const Array image = array.contiguous(channels_last);
      REQUIRE(image.format() == channels_last);
      REQUIRE(values_of(image) == values_of(array));
      const Array back = image.contiguous(row_major);
      REQUIRE(back.format() == row_major);
      REQUIRE(values_of(back) == values_of(array));
      REQUIRE(array.contiguous().shares_memory_with(array));
      REQUIRE(image.contiguous(channels_last).shares_memory_with(image));
    }
  }
}

TEST_CASE("the channels of a pixel are contiguous in a channels-last array") {
  const Array array = Array::from<float>({1, 2, 1, 3}, std::vector<float>{1, 2, 3, 10, 20, 30});
  const Array image = array.contiguous(channels_last);
  const float* first = image.data<float>();
  REQUIRE(std::vector<float>(first, first + 6) == std::vector<float>{1, 10, 2, 20, 3, 30});
}

TEST_CASE("only copies into another format are counted as conversions") {
  const Array array = Array::zeros({2, 3, 4, 5});
  const auto start = format_conversions();
  const Array image = array.contiguous(channels_last);
  REQUIRE(format_conversions() == start + 1);
  (void)image.contiguous(channels_last);
  (void)image.clone();
  (void)image.to(DType::f64);
  (void)image.slice(0, 1);
  (void)array.reshape({6, 20});
  REQUIRE(format_conversions() == start + 1);
  (void)image.reshape({6, 20});
  REQUIRE(format_conversions() == start + 2);
  // One channel, or one pixel: both formats are the same memory.
  (void)Array::zeros({2, 1, 4, 5}).contiguous(channels_last);
  (void)Array::zeros({2, 7, 1, 1}).contiguous(channels_last);
  REQUIRE(format_conversions() == start + 2);
}

}  // namespace test_array_views
