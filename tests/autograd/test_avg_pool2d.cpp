#include <cmath>
#include <vector>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/gradcheck.hpp>
#include <tapestry/autograd/ops/pooling.hpp>
#include <tapestry/core/error.hpp>

#include "catch.hpp"
#include "pool2d_cases.hpp"

namespace {

using namespace tapestry;
using tests::PoolCase;

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
    for (std::int64_t i = 0; i < tests::out_height(p); ++i) {
      for (std::int64_t j = 0; j < tests::out_width(p); ++j) {
        double sum = 0;
        std::int64_t pixels = 0;
        tests::for_each_pixel(p, i, j, [&](std::int64_t row, std::int64_t column) {
          sum += x[static_cast<std::size_t>((plane * p.height + row) * p.width + column)];
          ++pixels;
        });
        // The cells on the image framed by its padding.
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

TEST_CASE("avg_pool2d agrees with a plain reference and its gradients with differences") {
  tests::PoolCaseSource source(false);
  for (int i = 0; i < 60; ++i) {
    const PoolCase p = source.next();
    const bool include_pad = i % 2 == 0;
    INFO(tests::describe(p) << " include_pad " << include_pad);
    const Array x = tests::distinct(p.shape());
    const Tensor y = avg_pool2d(x, options_of(p, include_pad));
    REQUIRE(y.shape() == Shape{p.batch, p.channels, tests::out_height(p), tests::out_width(p)});
    // Sums of whole numbers are exact, and the division is rounded once.
    REQUIRE(y.array().to_vector<double>() == reference(p, include_pad, x.to_vector<double>()));

    RandomStream random{.seed = 2};
    const Array point = random.uniform(p.shape(), -1, 1, DType::f64);
    const auto pool = [&](const std::vector<Tensor>& inputs) {
      return avg_pool2d(inputs[0], options_of(p, include_pad));
    };
    const GradcheckOptions linear = {.step = 1, .atol = 1e-11, .rtol = 1e-11};
    const GradcheckResult first = gradcheck(pool, {point}, linear);
    INFO(first.message);
    REQUIRE(first.ok);
    const GradcheckResult second = gradgradcheck(pool, {point}, linear);
    INFO(second.message);
    REQUIRE(second.ok);
  }
}

TEST_CASE("avg_pool2d divides as PyTorch does") {
  const Array x = Array::full({1, 1, 3, 3}, 36);
  const auto pool = [&](const AvgPool2dOptions& options) { return avg_pool2d(x, options).array().to_vector<float>(); };
  // Corners hold 4 pixels of 9 cells.
  REQUIRE(pool({.kernel_size = 3, .stride = 2, .padding = 1}) == std::vector<float>(4, 16));
  REQUIRE(pool({.kernel_size = 3, .stride = 2, .padding = 1, .count_include_pad = false}) == std::vector<float>(4, 36));
  // Cells that ceil mode puts beyond the padding count in neither case.
  REQUIRE(pool({.kernel_size = 2, .stride = 2, .ceil_mode = true}) == std::vector<float>(4, 36));
  // The frame has 5 × 5 cells; the last window along an axis has 2 of its 3 cells on it, of which 1 on the image.
  REQUIRE(pool({.kernel_size = 3, .stride = 3, .padding = 1, .ceil_mode = true}) == std::vector<float>{16, 12, 12, 9});
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
    const Array x = tests::distinct(p.shape());
    const auto expected = reference(p, false, x.to_vector<double>());
    const Array seed = tests::distinct({2, channels, 3, 8});
    const auto dx = gradient(x, options_of(p, false), seed).to_vector<double>();
    tests::for_each_target([&] {
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
        // A pixel lies in at most 4 windows, whose shares are rounded once each.
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
  tests::for_each_thread_count([&] {
    values.push_back(avg_pool2d(x, options_of(p)).array().to_vector<float>());
    gradients.push_back(gradient(x, options_of(p), seed).to_vector<float>());
    REQUIRE(values.back() == values.front());
    REQUIRE(gradients.back() == gradients.front());
  });
}

TEST_CASE("avg_pool2d adds up windows that overlap and leaves the tail at zero") {
  const auto ones = [](const Shape& shape) { return Array::full(shape, 1, DType::f64); };
  REQUIRE(
      gradient(ones({1, 1, 1, 4}), {.kernel_size = Pair(1, 2), .stride = 1}, ones({1, 1, 1, 3})).to_vector<double>() ==
      std::vector<double>{0.5, 1, 1, 0.5});
  REQUIRE(gradient(ones({1, 1, 3, 3}), {.kernel_size = 2}, ones({1, 1, 1, 1})).to_vector<double>() ==
          std::vector<double>{0.25, 0.25, 0, 0.25, 0.25, 0, 0, 0, 0});
}

TEST_CASE("avg_pool2d of an empty batch is empty forward and backward") {
  const Array x = Array::zeros({0, 3, 6, 7});
  REQUIRE(avg_pool2d(x, {.kernel_size = 2}).shape() == Shape{0, 3, 3, 3});
  REQUIRE(gradient(x, {.kernel_size = 2}, Array::zeros({0, 3, 3, 3})).shape() == x.shape());
}

TEST_CASE("avg_pool2d says what does not fit") {
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
                       is("avg_pool2d: the images must have channels and pixels, got [1, 0, 5, 7]"));
  CHECK_THROWS_AS(avg_pool2d(Array::zeros({1, 2, 5, 7}, DType::u8), {.kernel_size = 1}), DTypeError);
  CHECK_THROWS_MATCHES(check_avg_pool2d_options("AvgPool2d", {.kernel_size = 2, .stride = 0}), ValueError,
                       is("AvgPool2d: stride must be at least 1, got (0, 0)"));
}

TEST_CASE("global_avg_pool2d is the mean of every plane") {
  const Array x = Array::from({2, 2, 1, 3}, std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15});
  for (const MemoryFormat format : {MemoryFormat::row_major, MemoryFormat::channels_last}) {
    const Tensor y = global_avg_pool2d(x.contiguous(format));
    REQUIRE(y.shape() == Shape{2, 2, 1, 1});
    REQUIRE(y.array().to_vector<double>() == std::vector<double>{2, 5, 8, 12});
  }
  const GradcheckOptions linear = {.step = 1, .atol = 1e-11, .rtol = 1e-11};
  const auto pool = [](const std::vector<Tensor>& inputs) { return global_avg_pool2d(inputs[0]); };
  REQUIRE(gradcheck(pool, {tests::distinct({2, 3, 5, 7})}, linear).ok);
  REQUIRE(gradgradcheck(pool, {tests::distinct({2, 3, 5, 7})}, linear).ok);
  REQUIRE(global_avg_pool2d(Array::zeros({0, 3, 5, 7})).shape() == Shape{0, 3, 1, 1});
  CHECK_THROWS_WITH(global_avg_pool2d(Array::zeros({2, 3, 0, 7})),
                    "global_avg_pool2d: the images must have channels and pixels, got [2, 3, 0, 7]");
  CHECK_THROWS_WITH(global_avg_pool2d(Array::zeros({2, 3, 7})),
                    "global_avg_pool2d: expected an input (N, C, H, W) of rank 4, got [2, 3, 7]");
}
