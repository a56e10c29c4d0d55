#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <tapestry/core/error.hpp>
#include <tapestry/viz/image_grid.hpp>

#include "catch.hpp"

namespace test_image_grid {
namespace {

using namespace tapestry;
using namespace tapestry::viz;
using Bytes = std::vector<std::uint8_t>;

Array plain(std::int64_t channels, std::int64_t height, std::int64_t width, int value) {
  return Array::full({channels, height, width}, value, DType::u8);
}

/// The number of pixels of one color in a part of a picture.
std::int64_t count(const Array& picture, std::int64_t top, std::int64_t bottom, data::Color color) {
  std::int64_t pixels = 0;
  for (std::int64_t y = top; y < bottom; ++y) {
    for (std::int64_t x = 0; x < picture.size(2); ++x) {
      pixels += picture.at({0, y, x}) == color.red && picture.at({1, y, x}) == color.green &&
                picture.at({2, y, x}) == color.blue;
    }
  }
  return pixels;
}

}  // namespace

TEST_CASE("image_grid arranges enlarged images row by row on white") {
  const Array grid = image_grid({plain(3, 1, 1, 10), plain(1, 1, 1, 20), plain(3, 1, 1, 30)},
                                {.columns = 2, .enlarge = 2, .padding = 1});
  const Bytes plane = {255, 255, 255, 255, 255, 255, 255,  //
                       255, 10,  10,  255, 20,  20,  255,  //
                       255, 10,  10,  255, 20,  20,  255,  //
                       255, 255, 255, 255, 255, 255, 255,  //
                       255, 30,  30,  255, 255, 255, 255,  //
                       255, 30,  30,  255, 255, 255, 255,  //
                       255, 255, 255, 255, 255, 255, 255};
  Bytes expected;
  for (int channel = 0; channel < 3; ++channel) expected.insert(expected.end(), plane.begin(), plane.end());
  CHECK(grid.shape() == Shape{3, 7, 7});
  CHECK(grid.to_vector<std::uint8_t>() == expected);
}

TEST_CASE("image_grid centers smaller images in their cells") {
  const Array grid = image_grid({plain(1, 3, 5, 0), plain(1, 1, 1, 7)}, {.enlarge = 1, .padding = 0});
  CHECK(grid.shape() == Shape{3, 3, 10});
  CHECK(grid.at({0, 1, 7}) == 7);
  CHECK(count(grid, 0, 3, {255, 255, 255}) == 14);
}

TEST_CASE("captions are drawn in their colors below their images") {
  const data::Color green = {0, 128, 0};
  const data::Color red = {200, 0, 0};
  const Array grid = image_grid({plain(3, 32, 32, 0), plain(3, 32, 32, 0)},
                                {.columns = 1, .captions = {{"cat (cat)", green}, {"automobile (airplane)", red}}});
  // Rows: padding 12, image 128, gap 6, lines of 24 pixels: one for the first caption and two for the second.
  const std::int64_t second = 12 + 128 + 6 + 24 + 12;
  CHECK(grid.shape() == Shape{3, second + 128 + 6 + 48 + 12, 128 + 24});
  CHECK(count(grid, 0, 12 + 128 + 6, green) == 0);
  CHECK(count(grid, 12 + 128 + 6, second, green) > 100);
  CHECK(count(grid, 0, second + 128 + 6, red) == 0);
  CHECK(count(grid, second + 128 + 6, second + 128 + 6 + 24, red) > 100);
  CHECK(count(grid, second + 128 + 6 + 24, grid.size(1), red) > 100);
}

TEST_CASE("a cell is as wide as the longest word below its image") {
  const std::string word = "Pneumonoultramicroscopicsilicovolcanoconiosis";
  const Array grid = image_grid({plain(3, 8, 8, 0)}, {.captions = {{word, {}}}});
  CHECK(grid.size(2) == data::text_width(word, 2) + 2 * 12);
}

TEST_CASE("image_grid reports invalid input") {
  CHECK_THROWS_WITH(image_grid({}), "image_grid: expected at least one image");
  CHECK_THROWS_WITH(image_grid({plain(3, 2, 2, 0)}, {.captions = {{"a", {}}, {"b", {}}}}),
                    "image_grid: expected 1 captions, one for each image, got 2");
  CHECK_THROWS_WITH(image_grid({plain(2, 4, 4, 0)}), "image_grid: expected images (3 or 1, H, W), got u8[2, 4, 4]");
  CHECK_THROWS_WITH(image_grid({Array::zeros({3, 4, 4})}), "image_grid: expected u8 images, got f32[3, 4, 4]");
  CHECK_THROWS_WITH(image_grid({plain(3, 2, 2, 0)}, {.columns = 0}),
                    "image_grid: columns, enlarge and caption_scale must be at least 1 and padding at least 0, "
                    "got 0, 4, 2 and 12");
}

TEST_CASE("filters_grid scales each filter or all of them from black to white") {
  Array weight = Array::zeros({3, 1, 1, 2});
  const std::vector<float> values = {-1, 1, 0, 3, 2, 2};
  std::copy(values.begin(), values.end(), weight.mutable_data<float>());
  const FiltersGridOptions own = {.columns = 1, .enlarge = 1, .padding = 0};
  Bytes plane = filters_grid(weight, own).to_vector<std::uint8_t>();
  plane.resize(6);
  CHECK(plane == Bytes{0, 255, 0, 255, 128, 128});
  FiltersGridOptions common = own;
  common.common_range = true;
  plane = filters_grid(weight.to(DType::f64), common).to_vector<std::uint8_t>();
  plane.resize(6);
  CHECK(plane == Bytes{0, 128, 64, 255, 191, 191});  // 255 · (value + 1) / 4
}

TEST_CASE("filters_grid does not depend on the memory format and accepts values that are not finite") {
  Array weight = Array::zeros({2, 3, 3, 2});
  float* out = weight.mutable_data<float>();
  for (std::int64_t i = 0; i < weight.numel(); ++i) out[i] = static_cast<float>((i * 7) % 11);
  out[4] = std::numeric_limits<float>::quiet_NaN();
  out[5] = -INFINITY;
  const Array a = filters_grid(weight);
  const Array b = filters_grid(weight.contiguous(MemoryFormat::channels_last));
  CHECK(a.to_vector<std::uint8_t>() == b.to_vector<std::uint8_t>());
}

TEST_CASE("filters_grid reports invalid input") {
  CHECK_THROWS_WITH(filters_grid(Array::zeros({8, 4, 3, 3})),
                    "filters_grid: expected a weight (K, 3 or 1, kh, kw), got f32[8, 4, 3, 3]");
  CHECK_THROWS_AS(filters_grid(Array::zeros({8, 3, 3, 3}, DType::i64)), DTypeError);
  CHECK_THROWS_AS(filters_grid(Array::zeros({0, 3, 3, 3})), ValueError);
}

TEST_CASE("to_picture inverts the normalization exactly") {
  const std::vector<double> mean = {0.4914, 0.4822, 0.4465};
  const std::vector<double> deviation = {0.2470, 0.2435, 0.2616};
  for (const MemoryFormat format : {MemoryFormat::row_major, MemoryFormat::channels_last}) {
    Array image = Array::empty({3, 16, 16});
    Bytes bytes;
    float* out = image.mutable_data<float>();
    for (std::size_t i = 0; i < 768; ++i) {
      bytes.push_back(static_cast<std::uint8_t>(i % 256));
      out[i] = static_cast<float>((bytes.back() / 255.0 - mean[i / 256]) / deviation[i / 256]);
    }
    CHECK(to_picture(image.contiguous(format), mean, deviation).to_vector<std::uint8_t>() == bytes);
  }
}

TEST_CASE("to_picture clamps values out of range and reports invalid input") {
  const Array image = Array::from({1, 1, 3}, std::vector<float>{-9, 9, NAN});
  CHECK(to_picture(image, {0.5}, {0.25}).to_vector<std::uint8_t>() == Bytes{0, 255, 0});
  CHECK_THROWS_WITH(to_picture(image, {0.5, 0.5}, {0.25, 0.25}),
                    "to_picture: expected an image (C, H, W) with C means and C standard deviations, "
                    "got f32[1, 1, 3], 2 and 2");
  CHECK_THROWS_AS(to_picture(plain(1, 2, 2, 0), {0.5}, {0.25}), DTypeError);
}

}  // namespace test_image_grid
