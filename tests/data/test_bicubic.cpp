#include <cmath>

#include <tapestry/core/error.hpp>
#include <tapestry/data/image/bicubic.hpp>

#include "core/generate.hpp"

namespace test_bicubic {

using namespace tapestry;
using namespace tapestry::data;
using namespace tapestry::testing;

namespace {

/// A plane of f(row, column), sampled at `factor` positions per pixel.
template <class F>
Array plane(std::int64_t height, std::int64_t width, std::int64_t factor, const F& f) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < height * factor; ++i) {
    for (std::int64_t j = 0; j < width * factor; ++j) {
      const auto place = [factor](std::int64_t at) {
        return (static_cast<double>(at) + 0.5) / static_cast<double>(factor) - 0.5;
      };
      values.push_back(static_cast<float>(f(place(i), place(j))));
    }
  }
  return Array::from({1, 1, height * factor, width * factor}, values);
}

}  // namespace

TEST_CASE("bicubic enlargement reproduces quadratic surfaces away from the edges") {
  const auto surface = [](double y, double x) { return 0.5 + 0.3 * y - 0.2 * x + 0.04 * x * x - 0.03 * y * y; };
  for (const std::int64_t factor : {2, 3, 4}) {
    const Array got = enlarge_bicubic(plane(7, 9, 1, surface), factor);
    const Array wanted = plane(7, 9, factor, surface);
    REQUIRE(got.shape() == wanted.shape());
    // The two outermost pixels at every edge depend on pixels outside the image.
    for (std::int64_t i = 2 * factor; i < 5 * factor; ++i) {
      for (std::int64_t j = 2 * factor; j < 7 * factor; ++j) {
        INFO("factor " << factor << " at " << i << ", " << j);
        // Sums of 16 floats of at most 3, each with a few roundings of 2⁻²⁴.
        CHECK(std::abs(got.at({0, 0, i, j}) - wanted.at({0, 0, i, j})) < 1e-5);
      }
    }
  }
}

TEST_CASE("bicubic enlargement of a step has the weights of Keys") {
  // Output pixels lie at -1/4 and 1/4 from each input pixel. At 1/4 the weights of the four nearest pixels, with a =
  // -1/2, are -9/128, 111/128, 29/128 and -3/128.
  const Array step = Array::from<float>({1, 1, 1, 6}, {0, 0, 0, 1, 1, 1});
  const Array got = enlarge_bicubic(step, 2);
  CHECK(got.shape() == Shape{1, 1, 2, 12});
  const Array row = Array::from<double>(
      {12}, {0, 0, 0, 0 - 3.0 / 128, 0 - 9.0 / 128, 26.0 / 128, 102.0 / 128, 137.0 / 128, 131.0 / 128, 1, 1, 1});
  for (std::int64_t i = 0; i < 12; ++i) {
    INFO("pixel " << i);
    CHECK(std::abs(got.at({0, 0, 0, i}) - row.at({i})) < 1e-6);
    CHECK(got.at({0, 0, 1, i}) == got.at({0, 0, 0, i}));
  }
}

TEST_CASE("bicubic enlargement preserves constants and the memory format and does not mix images") {
  const Array constant = Array::full({2, 3, 1, 4}, 0.75);
  require_close(enlarge_bicubic(constant, 3), Array::full({2, 3, 3, 12}, 0.75), 1e-6);
  const Array images = Generator(1).reals({3, 2, 4, 5}).to(DType::f32);
  require_close(enlarge_bicubic(images, 1), images, 0);
  const Array rows = enlarge_bicubic(images, 2);
  const Array last = enlarge_bicubic(in_channels_last(images), 2);
  CHECK(rows.format() == MemoryFormat::row_major);
  CHECK(last.format() == MemoryFormat::channels_last);
  require_equal(rows, last);
  for (std::int64_t n = 0; n < 3; ++n) {
    require_equal(enlarge_bicubic(images.slice(n, n + 1), 2), rows.slice(n, n + 1));
  }
  CHECK(enlarge_bicubic(Array::zeros({0, 3, 2, 2}), 2).shape() == Shape{0, 3, 4, 4});
}

TEST_CASE("bicubic enlargement rejects non-image input") {
  CHECK_THROWS_WITH(enlarge_bicubic(Array::zeros({3, 2, 2}), 2),
                    "enlarge_bicubic: expected images (N, C, H, W), got f32[3, 2, 2]");
  CHECK_THROWS_WITH(enlarge_bicubic(Array::zeros({1, 3, 2, 2}, DType::u8), 2),
                    "enlarge_bicubic: expected f32, got u8[1, 3, 2, 2]");
  CHECK_THROWS_WITH(enlarge_bicubic(Array::zeros({1, 3, 2, 2}), 0),
                    "enlarge_bicubic: factor must be at least 1, got 0");
}

}  // namespace test_bicubic
