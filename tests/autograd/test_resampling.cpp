// Conventions of interpolation and shuffles.
#include <cmath>
#include <limits>

#include <tapestry/autograd/ops/resample/resampling.hpp>

#include "autograd/generate.hpp"
#include "pool2d_cases.hpp"

namespace test_resampling {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

constexpr auto bilinear = InterpolationMode::bilinear;

std::vector<double> values(const Tensor& x) {
  return x.array().to_vector<double>();
}

Array row(const std::vector<double>& elements) {
  return f64({1, 1, 1, static_cast<std::int64_t>(elements.size())}, elements);
}

}  // namespace

TEST_CASE("interpolate agrees with PyTorch") {
  // PyTorch 1.13.
  const Array x = f64({1, 1, 2, 3}, {0, 4, 10, 2, 8, 20});
  REQUIRE(values(interpolate(x, {.size = Pair(4, 6), .mode = bilinear})) ==
          std::vector<double>{0,   1,     3,     5.5,   8.5,    10,   0.5, 1.625, 3.875, 6.875, 10.625, 12.5,
                              1.5, 2.875, 5.625, 9.625, 14.875, 17.5, 2,   3.5,   6.5,   11,    17,     20});
  REQUIRE(values(interpolate(x, {.size = Pair(3, 5), .mode = bilinear, .align_corners = true})) ==
          std::vector<double>{0, 2, 4, 7, 10, 1, 3.5, 6, 10.5, 15, 2, 5, 8, 14, 20});
  // The given factor determines positions, not the ratio of the sizes: 3 · 1.5 pixels are 4.
  const std::vector<double> by_factor = {0, 2, 5, 9, 1, 3.5, 7.5, 13.5, 2, 5, 10, 18};
  require_close(interpolate(x, {.scale_factor = 1.5, .mode = bilinear}).array(), f64({1, 1, 3, 4}, by_factor), 1e-14);
  const std::vector<double> by_size = {0, 2.5, 6.25, 10, 1, 4.125, 9.375, 15, 2, 5.75, 12.5, 20};
  require_close(interpolate(x, {.size = Pair(3, 4), .mode = bilinear}).array(), f64({1, 1, 3, 4}, by_size), 1e-14);
  require_close(interpolate(row({0, 1, 2, 3, 4}), {.size = Pair(1, 3), .mode = bilinear}).array(),
                row({1. / 3, 2, 11. / 3}), 1e-15);

  REQUIRE(values(interpolate(row({0, 1, 2, 3, 4}), {.size = Pair(1, 8)})) ==
          std::vector<double>{0, 0, 1, 1, 2, 3, 3, 4});
  REQUIRE(values(interpolate(row({0, 1, 2, 3, 4}), {.scale_factor = ScaleFactor(1, 1.7)})) ==
          std::vector<double>{0, 0, 1, 1, 2, 2, 3, 4});
}

TEST_CASE("nearest interpolation selects pixels by exact integer arithmetic") {
  // 49 times the float next to 1/49 is less than 1.
  for (const std::int64_t factor : {3, 7, 49, 93, 107}) {
    const Array x = row({0, 1, 2, 3, 4, 5, 6});
    const auto by_size = values(interpolate(x, {.size = Pair(1, 7 * factor)}));
    const auto by_factor = values(interpolate(x, {.scale_factor = ScaleFactor(1, static_cast<double>(factor))}));
    for (std::size_t i = 0; i < by_size.size(); ++i) {
      REQUIRE(by_size[i] == std::floor(static_cast<double>(i) / static_cast<double>(factor)));
      REQUIRE(by_factor[i] == by_size[i]);
    }
  }
}

TEST_CASE("interpolation reads no pixel with weight 0") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  const auto y =
      values(interpolate(row({1, 3, infinity, nan}), {.size = Pair(3, 7), .mode = bilinear, .align_corners = true}));
  for (std::size_t i = 0; i < 21; i += 7) {
    REQUIRE(std::vector<double>(y.begin() + static_cast<std::ptrdiff_t>(i),
                                y.begin() + static_cast<std::ptrdiff_t>(i) + 5) ==
            std::vector<double>{1, 2, 3, infinity, infinity});
    REQUIRE(std::isnan(y[i + 5]));
  }
}

TEST_CASE("interpolation to the same size returns the image and to one pixel its first or its center") {
  const Array x = Generator(1).reals({2, 3, 4, 5});
  for (const bool corners : {false, true}) {
    require_equal(interpolate(x, {.size = Pair(4, 5), .mode = bilinear, .align_corners = corners}).array(), x);
  }
  require_equal(interpolate(x, {.scale_factor = 1}).array(), x);
  REQUIRE(interpolate(row({1, 5, 6}), {.size = 1, .mode = bilinear}).item() == 5);
  REQUIRE(interpolate(row({1, 5, 6}), {.size = 1, .mode = bilinear, .align_corners = true}).item() == 1);
}

TEST_CASE("interpolation gives the same bits at any number of threads") {
  const Array x = Generator(2).reals({3, 5, 37, 41}).to(DType::f32);
  const Array seed = Generator(3).reals({3, 5, 61, 29}).to(DType::f32);
  std::vector<std::vector<double>> results;
  for_each_thread_count([&] {
    const Tensor image = leaf(x);
    const Tensor y = interpolate(image, {.size = Pair(61, 29), .mode = bilinear});
    auto all = values_of(y.array());
    const auto dx = values_of(grad(y, {image}, seed)[0].array());
    all.insert(all.end(), dx.begin(), dx.end());
    results.push_back(std::move(all));
    REQUIRE(results.back() == results.front());
  });
}

TEST_CASE("resampling keeps channels-last memory without conversions") {
  const Array x = Generator(4).reals({2, 8, 4, 6}).to(DType::f32).contiguous(MemoryFormat::channels_last);
  const auto before = format_conversions();
  const Tensor image = leaf(x);
  const Tensor large = interpolate(pixel_shuffle(channel_shuffle(image, 4), 2), {.scale_factor = 2});
  const Tensor y = pixel_unshuffle(large, 2);
  REQUIRE(y.array().format() == MemoryFormat::channels_last);
  (void)grad(y, {image}, Array::full(y.shape(), 1, DType::f32, MemoryFormat::channels_last));
  REQUIRE(format_conversions() == before);
}

TEST_CASE("shuffles are undone by their inverses and agree with PyTorch") {
  const Array x = Generator(5).integers({2, 12, 6, 10}, DType::i64);
  require_equal(pixel_unshuffle(pixel_shuffle(x, 2), 2).array(), x);
  require_equal(pixel_shuffle(pixel_unshuffle(x, 2), 2).array(), x);
  require_equal(channel_shuffle(channel_shuffle(x, 3), 4).array(), x);
  // torch.nn.ChannelShuffle(3) of channels 0 … 5.
  REQUIRE(channel_shuffle(f64({1, 6, 1, 1}, {0, 1, 2, 3, 4, 5}), 3).array().to_vector<double>() ==
          std::vector<double>{0, 2, 4, 1, 3, 5});
}

}  // namespace test_resampling
