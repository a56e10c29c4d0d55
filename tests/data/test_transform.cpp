#include <set>
#include <vector>

#include <tapestry/core/error.hpp>
#include <tapestry/data/transforms/transform.hpp>

#include "catch.hpp"

namespace test_transform {

using namespace tapestry;
using namespace tapestry::data;

namespace {

using Bytes = std::vector<std::uint8_t>;

Array transformed(const Transform& transform, const Array& image, std::uint64_t seed = 0) {
  RandomStream random{.seed = seed};
  return transform(image, random);
}

/// Element (c, y, x) is 100 c + 10 y + x + 1.
Array numbered(std::int64_t channels, std::int64_t height, std::int64_t width) {
  Bytes values;
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t y = 0; y < height; ++y) {
      for (std::int64_t x = 0; x < width; ++x) values.push_back(static_cast<std::uint8_t>(100 * c + 10 * y + x + 1));
    }
  }
  return Array::from({channels, height, width}, values);
}

}  // namespace

TEST_CASE("to_float maps bytes to the range from zero to one") {
  const Array result = transformed(to_float(), Array::from({1, 1, 3}, Bytes{0, 51, 255}));
  CHECK(result.to_vector<float>() == std::vector<float>{0.0F, 0.2F, 1.0F});
  CHECK(result.format() == MemoryFormat::channels_last);
  CHECK(transformed(to_float(), result).shares_memory_with(result));
  CHECK_THROWS_WITH(transformed(to_float(), Array::zeros({1, 2, 2}, DType::f64)),
                    "to_float: expected u8 or f32, got f64[1, 2, 2]");
  CHECK_THROWS_WITH(transformed(to_float(), Array::zeros({2, 2})),
                    "to_float: expected an image (C, H, W), got f32[2, 2]");
}

TEST_CASE("normalize applies means and standard deviations by channel in either memory format") {
  const Transform transform = normalize({1, 2, 3}, {2, 4, 0.5});
  const Array image = numbered(3, 2, 3).to(DType::f32);
  for (const MemoryFormat format : {MemoryFormat::row_major, MemoryFormat::channels_last}) {
    const Array result = transformed(transform, image.contiguous(format));
    CHECK(result.at({0, 0, 0}) == 0);
    CHECK(result.at({1, 1, 2}) == (113.0 - 2) / 4);
    CHECK(result.at({2, 1, 0}) == (211.0 - 3) / 0.5);
  }
  CHECK(image.at({0, 0, 0}) == 1);
}

TEST_CASE("normalize reports invalid input") {
  CHECK_THROWS_WITH(normalize({0, 0}, {1}), "normalize: expected as many standard deviations as means (2), got 1");
  CHECK_THROWS_WITH(normalize({0}, {0}), "normalize: standard deviations must be positive, got 0");
  CHECK_THROWS_WITH(transformed(normalize({0}, {1}), Array::zeros({1, 2, 2}, DType::u8)),
                    "normalize: expected f32, got u8[1, 2, 2]\nhint: add to_float() before it");
  CHECK_THROWS_WITH(transformed(normalize({0}, {1}), Array::zeros({3, 2, 2})),
                    "normalize: expected 1 channels (as many as means), got [3, 2, 2]");
}

TEST_CASE("random_crop chooses all positions with equal probability") {
  const Transform crop = random_crop({.size = 2});
  const Array image = numbered(1, 3, 4);
  std::vector<int> counts(6);
  constexpr int draws = 6000;
  for (int seed = 0; seed < draws; ++seed) {
    const Bytes part = transformed(crop, image, static_cast<std::uint64_t>(seed)).to_vector<std::uint8_t>();
    const int corner = part[0] - 1;
    REQUIRE(part == Bytes{part[0], static_cast<std::uint8_t>(part[0] + 1), static_cast<std::uint8_t>(part[0] + 10),
                          static_cast<std::uint8_t>(part[0] + 11)});
    ++counts[static_cast<std::size_t>(corner / 10 * 3 + corner % 10)];
  }
  // Binomial with p = 1/6: the standard deviation is 29, five are 145.
  for (const int count : counts) CHECK(std::abs(count - draws / 6) < 145);
}

TEST_CASE("random_crop fills the padding with zeros for bytes and floats") {
  const Array image = numbered(3, 2, 2);
  const Transform crop = random_crop({.size = 2, .padding = 1});
  std::set<Bytes> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Array part = transformed(crop, image, seed);
    CHECK(transformed(crop, image.to(DType::f32), seed).to(DType::u8).to_vector<std::uint8_t>() ==
          part.to_vector<std::uint8_t>());
    seen.insert(part.to_vector<std::uint8_t>());
  }
  CHECK(seen.size() == 9);
  CHECK(seen.contains(Bytes{0, 0, 0, 1, 0, 0, 0, 101, 0, 0, 0, 201}));
  CHECK(seen.contains(Bytes{12, 0, 0, 0, 112, 0, 0, 0, 212, 0, 0, 0}));
  CHECK(seen.contains(image.to_vector<std::uint8_t>()));
}

TEST_CASE("random_crop may pad by more than its size") {
  const Transform crop = random_crop({.size = 1, .padding = 3});
  std::set<std::uint8_t> seen;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    seen.insert(transformed(crop, numbered(1, 1, 2), seed).data<std::uint8_t>()[0]);
  }
  CHECK(seen == std::set<std::uint8_t>{0, 1, 2});
}

TEST_CASE("random_crop reports invalid input") {
  CHECK_THROWS_WITH(random_crop({.size = 0}), "random_crop: size must be at least 1, got 0");
  CHECK_THROWS_WITH(random_crop({.size = 1, .padding = -1}), "random_crop: padding must not be negative, got -1");
  CHECK_THROWS_WITH(transformed(random_crop({.size = 5, .padding = 1}), numbered(1, 2, 9)),
                    "random_crop: expected at least 5 x 5 pixels (padding 1), got [1, 2, 9]");
}

TEST_CASE("random_horizontal_flip flips with the given probability") {
  const Array image = numbered(2, 1, 3);
  CHECK(transformed(random_horizontal_flip(1), image).to_vector<std::uint8_t>() == Bytes{3, 2, 1, 103, 102, 101});
  CHECK(transformed(random_horizontal_flip(0), image).to_vector<std::uint8_t>() == image.to_vector<std::uint8_t>());
  int flipped = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    flipped += transformed(random_horizontal_flip(0.25), image, seed).to_vector<std::uint8_t>()[0] == 3 ? 1 : 0;
  }
  // Binomial: the standard deviation is 13.7, five are 69.
  CHECK(std::abs(flipped - 250) < 69);
  CHECK_THROWS_WITH(random_horizontal_flip(1.5), "random_horizontal_flip: probability must be in [0, 1], got 1.5");
}

TEST_CASE("compose applies transforms in order with one random stream") {
  const Transform chain = compose({random_crop({.size = 2, .padding = 2}), random_horizontal_flip(), to_float(),
                                   normalize({0.5, 0.5}, {0.25, 0.25})});
  const Array image = numbered(2, 2, 2);
  std::set<std::vector<float>> seen;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Array result = transformed(chain, image, seed);
    CHECK(result.to_vector<float>() == transformed(chain, image, seed).to_vector<float>());
    seen.insert(result.to_vector<float>());
  }
  CHECK(seen.size() > 5);
  CHECK(transformed(compose({}), image).shares_memory_with(image));
}

}  // namespace test_transform
