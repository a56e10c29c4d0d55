#include <cstdint>
#include <limits>
#include <vector>

#include <tapestry/core/array.hpp>
#include <tapestry/core/error.hpp>

#include "core/generate.hpp"

namespace test_array {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

using MemoryFormat::channels_last;

std::vector<std::int64_t> strides_of(const Array& array) {
  const auto strides = array.strides();
  return {strides.begin(), strides.begin() + array.rank()};
}

}  // namespace

TEST_CASE("a default array is undefined") {
  REQUIRE_FALSE(Array().defined());
  REQUIRE(to_string(Array()) == "undefined");
  REQUIRE(Array::scalar(1).defined());
}

TEST_CASE("arrays are created from values and read back") {
  const Array array = Array::from<float>({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
  REQUIRE(array.dtype() == DType::f32);
  REQUIRE(array.bytes() == 24);
  REQUIRE(to_string(array) == "f32[2, 3]");
  REQUIRE(array.at({1, 0}) == 4);
  REQUIRE(array.to_vector<float>() == std::vector<float>{1, 2, 3, 4, 5, 6});
  REQUIRE(Array::full({2}, 7, DType::u8).to_vector<std::uint8_t>() == std::vector<std::uint8_t>{7, 7});
  REQUIRE(Array::zeros({2}, DType::i64).to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 0});
  REQUIRE(Array::scalar(2.5, DType::f64).item() == 2.5);
  REQUIRE(Array::scalar(2.5, DType::f64).rank() == 0);
  REQUIRE(Array::empty({0, 4}).to_vector<float>().empty());
}

TEST_CASE("values that do not match the shape are rejected") {
  REQUIRE_THROWS_AS((Array::from<float>({2, 2}, std::vector<float>{1, 2, 3})), ShapeError);
  REQUIRE_THROWS_WITH((Array::from<float>({2, 2}, std::vector<float>{1, 2, 3})),
                      "array: [2, 2] has 4 elements, got 3 values");
}

TEST_CASE("reading an array as another type is rejected") {
  Array array = Array::zeros({2}, DType::f64);
  const auto version = array.version();
  REQUIRE_THROWS_AS(array.data<float>(), DTypeError);
  REQUIRE_THROWS_WITH(array.mutable_data<std::int64_t>(), "array: f64[2] cannot be read as i64");
  REQUIRE_THROWS_WITH(array.to_vector<float>(), "array: f64[2] cannot be read as f32");
  REQUIRE(array.version() == version);
}

TEST_CASE("an array whose size in bytes overflows int64 is rejected") {
  REQUIRE_THROWS_AS(Array::empty({std::int64_t{1} << 61}, DType::f64), ShapeError);
  REQUIRE_THROWS_WITH(Array::empty({std::int64_t{1} << 62}, DType::f32),
                      "array: the bytes of f32[4611686018427387904] overflow int64");
}

TEST_CASE("channels_last requires rank 3 or 4") {
  REQUIRE(Array::empty({2, 3, 4}, DType::f32, channels_last).format() == channels_last);
  REQUIRE_THROWS_AS(Array::empty({2, 3}, DType::f32, channels_last), ShapeError);
  REQUIRE_THROWS_WITH(Array::zeros({2, 3}).contiguous(channels_last),
                      "array: channels_last requires rank 3 or 4, got [2, 3]");
  REQUIRE_THROWS_AS(Array::empty({1, 1, 1, 1, 1}, DType::f32, channels_last), ShapeError);
}

TEST_CASE("strides follow the memory format") {
  REQUIRE(strides_of(Array::empty({2, 3, 4, 5})) == std::vector<std::int64_t>{60, 20, 5, 1});
  REQUIRE(strides_of(Array::empty({2, 3, 4, 5}, DType::f32, channels_last)) == std::vector<std::int64_t>{60, 1, 15, 3});
  REQUIRE(strides_of(Array::empty({3, 4, 5}, DType::f32, channels_last)) == std::vector<std::int64_t>{1, 15, 3});
  REQUIRE(strides_of(Array::scalar(1)).empty());
}

TEST_CASE("an element is found at its strides in either format") {
  Generator random(1);
  for (int i = 0; i < 20; ++i) {
    const Array array = random.reals(random.shape(4, 4, 5));
    const Array image = in_channels_last(array);
    const auto strides = image.strides();
    for (std::int64_t n = 0; n < array.size(0); ++n) {
      for (std::int64_t c = 0; c < array.size(1); ++c) {
        for (std::int64_t h = 0; h < array.size(2); ++h) {
          for (std::int64_t w = 0; w < array.size(3); ++w) {
            REQUIRE(image.at({n, c, h, w}) == array.at({n, c, h, w}));
            REQUIRE(image.data<double>()[n * strides[0] + c * strides[1] + h * strides[2] + w * strides[3]] ==
                    array.at({n, c, h, w}));
          }
        }
      }
    }
  }
}

TEST_CASE("item requires exactly one element and at requires an index within the shape") {
  REQUIRE(Array::full({1, 1, 1}, 3, DType::i64).item() == 3);
  REQUIRE_THROWS_WITH(Array::zeros({2}).item(), "item: expected exactly one element, got [2]");
  REQUIRE_THROWS_AS(Array::zeros({0}).item(), ShapeError);
  const Array array = Array::zeros({2, 3});
  REQUIRE_THROWS_WITH(array.at({1}), "at: got 1 indices for [2, 3]");
  REQUIRE_THROWS_WITH(array.at({1, 3}), "at: index 3 at axis 1 is outside [2, 3]");
  REQUIRE_THROWS_WITH(array.at({-1, 0}), "at: index -1 at axis 0 is outside [2, 3]");
}

TEST_CASE("to converts the type and keeps the format") {
  const Array reals = Array::from<double>({3}, std::vector<double>{1.75, -2, 300});
  REQUIRE(reals.to(DType::i64).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, -2, 300});
  REQUIRE(reals.to(DType::f32).to_vector<float>() == std::vector<float>{1.75F, -2, 300});
  REQUIRE(reals.to(DType::f64).shares_memory_with(reals));
  REQUIRE(Array::full({2}, 200, DType::u8).to(DType::f32).at({1}) == 200);

  const Array image = Array::zeros({1, 2, 3, 4}, DType::f32, channels_last).to(DType::f64);
  REQUIRE(image.format() == channels_last);
  REQUIRE(Array::empty_like(image).format() == channels_last);
  REQUIRE(Array::empty_like(image).dtype() == DType::f64);
}

TEST_CASE("a value that f32 cannot hold is rounded once") {
  const double third = 1.0 / 3;
  REQUIRE(Array::scalar(third).item() == static_cast<double>(static_cast<float>(third)));
  REQUIRE(Array::scalar(third, DType::f64).to(DType::f32).item() == static_cast<double>(static_cast<float>(third)));
}

TEST_CASE("clone has its own memory") {
  const Array array = Array::full({2, 3}, 1);
  Array copy = array.clone();
  REQUIRE_FALSE(copy.shares_memory_with(array));
  copy.fill(5);
  REQUIRE(array.at({0, 0}) == 1);
  REQUIRE(copy.at({1, 2}) == 5);
}

TEST_CASE("copy_from converts type and format and rejects another shape") {
  Generator random(2);
  for (int i = 0; i < 30; ++i) {
    const Array source = random.integers(random.shape(4, 4, 6), DType::i64);
    Array target = Array::empty(source.shape(), DType::f32, random.one_in(2) ? channels_last : MemoryFormat::row_major);
    target.copy_from(random.one_in(2) ? in_channels_last(source) : source);
    require_equal(target.to(DType::i64), source);
  }
  Array target = Array::full({2, 3}, 9);
  REQUIRE_THROWS_AS(target.copy_from(Array::zeros({3, 2})), ShapeError);
  REQUIRE_THROWS_WITH(target.copy_from(Array::zeros({3, 2})), "copy_from: expected [2, 3], got [3, 2]");
  REQUIRE(target.at({0, 0}) == 9);
}

TEST_CASE("every write increments the version and no read does") {
  Array array = Array::zeros({2, 3});
  const auto start = array.version();
  (void)array.data<float>();
  (void)array.to_vector<float>();
  (void)array.at({0, 0});
  (void)array.reshape({3, 2});
  (void)array.contiguous();
  (void)array.clone();
  REQUIRE(array.version() == start);

  array.mutable_data<float>()[0] = 1;
  REQUIRE(array.version() == start + 1);
  array.fill(2);
  REQUIRE(array.version() == start + 2);
  array.copy_from(Array::full({2, 3}, 1));
  REQUIRE(array.version() == start + 3);
}

TEST_CASE("conversions keep denormal numbers") {
  constexpr float tiny = 1e-40F;
  // More than one piece of a parallel loop.
  for (const std::int64_t size : {std::int64_t{3}, std::int64_t{200000}}) {
    const Array narrow = Array::from({size}, std::vector<float>(static_cast<std::size_t>(size), tiny));
    const Array wide = narrow.to(DType::f64);
    REQUIRE(wide.at({0}) == static_cast<double>(tiny));
    REQUIRE(wide.at({size - 1}) == static_cast<double>(tiny));
    REQUIRE(wide.to(DType::f32).to_vector<float>() == narrow.to_vector<float>());
    REQUIRE(narrow.clone().to_vector<float>() == narrow.to_vector<float>());
  }
}

}  // namespace test_array
