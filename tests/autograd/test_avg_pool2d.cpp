#include <cmath>
#include <vector>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/core/error.hpp>

#include "catch.hpp"
#include "pool2d_cases.hpp"

namespace test_avg_pool2d {
namespace {

using namespace tapestry;
using namespace tapestry::testing;

AvgPool2dOptions options_of(const PoolCase& p, bool count_include_pad = true) {
  return {.kernel_size = p.kernel,
          .stride = p.stride,
          .padding = p.padding,
          .ceil_mode = p.ceil_mode,
          .count_include_pad = count_include_pad};
}

std::vector<double> reference(const PoolCase& p, bool count_include_pad, const std::vector<double>& x) {
  std::vector<double> y;
  for (std::int64_t plane = 0; plane < p.batch * p.channels; ++plane) {
    for (std::int64_t i = 0; i < out_height(p); ++i) {
      for (std::int64_t j = 0; j < out_width(p); ++j) {
        double sum = 0;
        std::int64_t pixels = 0;
        for_each_pixel(p, i, j, [&](std::int64_t row, std::int64_t column) {
          sum += x[static_cast<std::size_t>((plane * p.height + row) * p.width + column)];
          ++pixels;
        });
        // The cells on the image and its padding.
        std::int64_t cells = 0;
        for (std::int64_t r = 0; r < p.kernel.height; ++r) {
          for (std::int64_t s = 0; s < p.kernel.width; ++s) {
            cells += i * p.stride.height + r < p.height + 2 * p.padding.height &&
                     j * p.stride.width + s < p.width + 2 * p.padding.width;
          }
        }
        y.push_back(sum / static_cast<double>(count_include_pad ? cells : pixels));
      }
    }
  }
  return y;
}

Array gradient(const Array& x, const AvgPool2dOptions& options, const Array& seed) {
  Tensor leaf = Tensor(x).set_requires_grad();
  return grad(avg_pool2d(leaf, options), {leaf}, seed)[0].array();
}

}  // namespace

TEST_CASE("avg_pool2d divides as PyTorch does") {
  const Array x = Array::full({1, 1, 3, 3}, 36);
  const auto pool = [&](const AvgPool2dOptions& options) { return avg_pool2d(x, options).array().to_vector<float>(); };
  // Corners hold 4 pixels of 9 cells.
  REQUIRE(pool({.kernel_size = 3, .stride = 2, .padding = 1}) == std::vector<float>(4, 16));
  REQUIRE(pool({.kernel_size = 3, .stride = 2, .padding = 1, .count_include_pad = false}) == std::vector<float>(4, 36));
  // Cells that ceil mode adds beyond the padding count in neither case.
  REQUIRE(pool({.kernel_size = 2, .stride = 2, .ceil_mode = true}) == std::vector<float>(4, 36));
  // The frame has 5 × 5 cells; the last window along an axis has 2 of its 3 cells on it, of which 1 on the image.
  REQUIRE(pool({.kernel_size = 3, .stride = 3, .padding = 1, .ceil_mode = true}) == std::vector<float>{16, 12, 12, 9});
}

TEST_CASE("avg_pool2d agrees with PyTorch") {
  // torch.arange(1., 36.).reshape(1, 1, 5, 7) in PyTorch 1.13.
  std::vector<double> values;
  for (int i = 1; i <= 35; ++i) values.push_back(i);
  const Array x = Array::from({1, 1, 5, 7}, values);
  const auto require_values = [&](const AvgPool2dOptions& options, const Shape& shape,
                                  const std::vector<double>& expected) {
    testing::require_close(avg_pool2d(x, options).array(), Array::from(shape, expected), 1e-15);
  };
  for (const bool ceil_mode : {false, true}) {
    require_values(
        {.kernel_size = 3, .stride = 2, .padding = 1, .ceil_mode = ceil_mode}, {1, 1, 3, 4},
        {20. / 9, 39. / 9, 51. / 9, 40. / 9, 93. / 9, 17, 19, 123. / 9, 104. / 9, 165. / 9, 177. / 9, 124. / 9});
  }
  require_values({.kernel_size = 3, .stride = 2, .padding = 1, .count_include_pad = false}, {1, 1, 3, 4},
                 {5, 6.5, 8.5, 10, 15.5, 17, 19, 20.5, 26, 27.5, 29.5, 31});
  const AvgPool2dOptions reaching_over = {
      .kernel_size = Pair(2, 4), .stride = Pair(2, 3), .padding = Pair(0, 2), .ceil_mode = true};
  require_values(reaching_over, {1, 1, 3, 3}, {2.5, 7, 7.125, 9.5, 21, 17.625, 14.75, 31.5, 25.5});
  AvgPool2dOptions pixels_only = reaching_over;
  pixels_only.count_include_pad = false;
  require_values(pixels_only, {1, 1, 3, 3}, {5, 7, 9.5, 19, 21, 23.5, 29.5, 31.5, 34});
  require_values({.kernel_size = 2, .stride = 3, .ceil_mode = true, .divisor_override = 3}, {1, 1, 2, 3},
                 {20. / 3, 32. / 3, 7, 104. / 3, 116. / 3, 21});
  testing::require_close(avg_pool1d(Array::from({1, 1, 7}, std::vector<double>{1, 2, 3, 4, 5, 6, 7}),
                                    {.kernel_size = 3, .stride = 2, .padding = 1, .ceil_mode = true})
                             .array(),
                         Array::from({1, 1, 4}, std::vector<double>{1, 3, 5, 13. / 3}), 1e-15);
}

TEST_CASE("avg_pool2d gives the same for both memory formats and on every instruction set") {
  for (const std::int64_t channels : {1, 2, 3, 4, 7, 8, 16, 19, 24, 33}) {
    const PoolCase p = {.batch = 2,
                        .channels = channels,
                        .height = 7,
                        .width = 9,
                        .kernel = {4, 2},
                        .stride = {3, 1},
                        .padding = {2, 0}};
    const Array x = distinct(p.shape());
    const auto expected = reference(p, false, x.to_vector<double>());
    const Array seed = distinct({2, channels, 3, 8});
    const auto dx = gradient(x, options_of(p, false), seed).to_vector<double>();
    for_each_target([&] {
      for (const MemoryFormat format : {MemoryFormat::row_major, MemoryFormat::channels_last}) {
        const Tensor y = avg_pool2d(x.contiguous(format), options_of(p, false));
        REQUIRE(y.array().format() == MemoryFormat::channels_last);
        REQUIRE(y.array().to_vector<double>() == expected);
        REQUIRE(gradient(x.contiguous(format), options_of(p, false), seed).to_vector<double>() == dx);
        // In f32 a window of 8 cells is rounded at most 8 times and divided once.
        const auto y32 =
            avg_pool2d(x.to(DType::f32).contiguous(format), options_of(p, false)).array().to_vector<float>();
        for (std::size_t i = 0; i < expected.size(); ++i)
          REQUIRE(std::abs(static_cast<double>(y32[i]) - expected[i]) <= 9 * 6e-8 * expected[i]);
        // A pixel is in at most 4 windows, whose contributions are rounded once each.
        const auto dx32 =
            gradient(x.to(DType::f32).contiguous(format), options_of(p, false), seed.to(DType::f32)).to_vector<float>();
        for (std::size_t i = 0; i < dx.size(); ++i)
          REQUIRE(std::abs(static_cast<double>(dx32[i]) - dx[i]) <= 8 * 6e-8 * dx[i]);
      }
    });
  }
}

TEST_CASE("avg_pool2d gives the same bits at any number of threads") {
  const PoolCase p = {
      .batch = 3, .channels = 19, .height = 37, .width = 41, .kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 1}};
  RandomStream random{.seed = 1};
  const Array x = random.normal(p.shape());
  const Array seed = random.normal(avg_pool2d(x, options_of(p)).shape());
  std::vector<std::vector<float>> values, gradients;
  for_each_thread_count([&] {
    values.push_back(avg_pool2d(x, options_of(p)).array().to_vector<float>());
    gradients.push_back(gradient(x, options_of(p), seed).to_vector<float>());
    REQUIRE(values.back() == values.front());
    REQUIRE(gradients.back() == gradients.front());
  });
}

TEST_CASE("avg_pool2d adds up the gradients of windows that overlap and leaves the tail at zero") {
  const auto ones = [](const Shape& shape) { return Array::full(shape, 1, DType::f64); };
  REQUIRE(
      gradient(ones({1, 1, 1, 4}), {.kernel_size = Pair(1, 2), .stride = 1}, ones({1, 1, 1, 3})).to_vector<double>() ==
      std::vector<double>{0.5, 1, 1, 0.5});
  REQUIRE(gradient(ones({1, 1, 3, 3}), {.kernel_size = 2}, ones({1, 1, 1, 1})).to_vector<double>() ==
          std::vector<double>{0.25, 0.25, 0, 0.25, 0.25, 0, 0, 0, 0});
}

TEST_CASE("avg_pool2d reports invalid input") {
  const Array x = Array::zeros({1, 2, 5, 7});
  const auto is = [](const char* text) { return Catch::Matchers::Message(text); };
  CHECK_THROWS_MATCHES(avg_pool2d(x, {.kernel_size = 0}), ValueError,
                       is("avg_pool2d: kernel_size must be at least 1, got (0, 0)"));
  CHECK_THROWS_MATCHES(avg_pool2d(x, {.kernel_size = 1, .stride = 0}), ValueError,
                       is("avg_pool2d: stride must be at least 1, got (0, 0)"));
  CHECK_THROWS_MATCHES(avg_pool2d(x, {.kernel_size = 1, .padding = -1}), ValueError,
                       is("avg_pool2d: padding must be at least 0, got (-1, -1)"));
  CHECK_THROWS_MATCHES(avg_pool2d(x, {.kernel_size = 3, .padding = 2}), ShapeError,
                       is("avg_pool2d: along the height padding 2 is more than half of the 3 that the kernel covers "
                          "(size 3, dilation 1)"));
  CHECK_THROWS_MATCHES(avg_pool2d(x, {.kernel_size = 6}), ShapeError,
                       is("avg_pool2d: along the height the kernel covers 6 (size 6, dilation 1), the padded input has "
                          "5 (size 5, padding 0)"));
  CHECK_THROWS_MATCHES(avg_pool2d(Array::zeros({1, 0, 5, 7}), {.kernel_size = 1}), ShapeError,
                       is("avg_pool2d: expected images with channels and pixels, got [1, 0, 5, 7]"));
  CHECK_THROWS_AS(avg_pool2d(Array::zeros({1, 2, 5, 7}, DType::u8), {.kernel_size = 1}), DTypeError);
  CHECK_THROWS_MATCHES((AvgPool2dOptions{.kernel_size = 2, .stride = 0}.check("AvgPool2d")), ValueError,
                       is("AvgPool2d: stride must be at least 1, got (0, 0)"));
}

}  // namespace test_avg_pool2d
