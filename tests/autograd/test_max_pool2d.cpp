#include <cmath>
#include <limits>
#include <vector>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/gradcheck.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/core/error.hpp>

#include "catch.hpp"
#include "pool2d_cases.hpp"

namespace test_max_pool2d {
namespace {

using namespace tapestry;
using namespace tapestry::testing;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

MaxPool2dOptions options_of(const PoolCase& p) {
  return {.kernel_size = p.kernel,
          .stride = p.stride,
          .padding = p.padding,
          .dilation = p.dilation,
          .ceil_mode = p.ceil_mode};
}

struct Expected {
  std::vector<double> values;
  std::vector<std::int64_t> indices;
};

Expected reference(const PoolCase& p, const std::vector<double>& x) {
  Expected expected;
  for (std::int64_t plane = 0; plane < p.batch * p.channels; ++plane) {
    for (std::int64_t i = 0; i < out_height(p); ++i) {
      for (std::int64_t j = 0; j < out_width(p); ++j) {
        std::int64_t best = -1;
        const auto at = [&](std::int64_t pixel) {
          return x[static_cast<std::size_t>(plane * p.height * p.width + pixel)];
        };
        for_each_pixel(p, i, j, [&](std::int64_t row, std::int64_t column) {
          const std::int64_t pixel = row * p.width + column;
          if (best < 0 || (!std::isnan(at(best)) && (std::isnan(at(pixel)) || at(pixel) > at(best)))) best = pixel;
        });
        expected.values.push_back(at(best));
        expected.indices.push_back(best);
      }
    }
  }
  return expected;
}

/// The gradient of a sum weighted by `seed`.
Array gradient(const Array& x, const MaxPool2dOptions& options, const Array& seed) {
  Tensor leaf = Tensor(x).set_requires_grad();
  return grad(max_pool2d(leaf, options), {leaf}, seed)[0].array();
}

Array plane(std::int64_t height, std::int64_t width, const std::vector<double>& values) {
  return Array::from({1, 1, height, width}, values);
}

std::vector<double> ones_gradient(const Array& x, const MaxPool2dOptions& options) {
  return gradient(x, options, Array::full(max_pool2d(x, options).shape(), 1, x.dtype())).to_vector<double>();
}

}  // namespace

TEST_CASE("max_pool2d stores positions in windows of more than 256 cells") {
  for (const Pair kernel : {Pair(17, 16), Pair(16, 16), Pair(1, 300)}) {
    const PoolCase p = {.batch = 2, .channels = 3, .height = 23, .width = 307, .kernel = kernel, .stride = {3, 5}};
    for (const DType dtype : {DType::f32, DType::f64}) {
      const Array x = distinct(p.shape(), dtype);
      const Expected expected = reference(p, x.to(DType::f64).to_vector<double>());
      const MaxPoolResult result = max_pool2d_with_indices(x, options_of(p));
      REQUIRE(result.values.array().to(DType::f64).to_vector<double>() == expected.values);
      REQUIRE(result.indices.to_vector<std::int64_t>() == expected.indices);

      const Array seed = distinct(result.values.shape(), dtype);
      std::vector<double> dx(static_cast<std::size_t>(x.numel()));
      const auto dy = seed.to(DType::f64).to_vector<double>();
      const auto outputs = static_cast<std::size_t>(seed.size(2) * seed.size(3));
      for (std::size_t k = 0; k < dy.size(); ++k) {
        dx[k / outputs * static_cast<std::size_t>(p.height * p.width) +
           static_cast<std::size_t>(expected.indices[k])] += dy[k];
      }
      // Sums of whole numbers below 2²⁴ are exact in f32 too.
      REQUIRE(gradient(x, options_of(p), seed).to(DType::f64).to_vector<double>() == dx);
    }
  }
  const PoolCase p = {.batch = 1, .channels = 2, .height = 18, .width = 19, .kernel = {17, 16}, .stride = {1, 2}};
  const auto pool = [&](const std::vector<Tensor>& inputs) { return max_pool2d(inputs[0], options_of(p)); };
  REQUIRE(gradgradcheck(pool, {distinct(p.shape())}, {.step = 0.25, .atol = 1e-11, .rtol = 1e-11}).ok);
}

TEST_CASE("max_pool2d gives the same for both dtypes and memory formats and on every instruction set") {
  for (const std::int64_t channels : {1, 2, 3, 4, 7, 8, 16, 19, 24, 33}) {
    const PoolCase p = {.batch = 2,
                        .channels = channels,
                        .height = 7,
                        .width = 9,
                        .kernel = {3, 2},
                        .stride = {2, 1},
                        .padding = {1, 0}};
    const Array x = distinct(p.shape());
    const Expected expected = reference(p, x.to_vector<double>());
    const Array seed = distinct({2, channels, 4, 8});
    const auto dx = gradient(x, options_of(p), seed).to_vector<double>();
    for_each_target([&] {
      for (const DType dtype : {DType::f32, DType::f64}) {
        for (const MemoryFormat format : {MemoryFormat::row_major, MemoryFormat::channels_last}) {
          const Array image = x.to(dtype).contiguous(format);
          const MaxPoolResult result = max_pool2d_with_indices(image, options_of(p));
          REQUIRE(result.values.array().format() == MemoryFormat::channels_last);
          REQUIRE(result.values.array().to(DType::f64).to_vector<double>() == expected.values);
          REQUIRE(result.indices.to_vector<std::int64_t>() == expected.indices);
          REQUIRE(
              gradient(image, options_of(p), seed.to(dtype).contiguous(format)).to(DType::f64).to_vector<double>() ==
              dx);
        }
      }
    });
  }
}

TEST_CASE("max_pool2d gives the same bits at any number of threads") {
  const PoolCase p = {
      .batch = 3, .channels = 19, .height = 37, .width = 41, .kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 1}};
  RandomStream random{.seed = 1};
  const Array x = random.normal(p.shape());
  const Array seed = random.normal(max_pool2d(x, options_of(p)).shape());
  std::vector<std::vector<float>> values, gradients;
  for_each_thread_count([&] {
    values.push_back(max_pool2d(x, options_of(p)).array().to_vector<float>());
    gradients.push_back(gradient(x, options_of(p), seed).to_vector<float>());
    REQUIRE(values.back() == values.front());
    REQUIRE(gradients.back() == gradients.front());
  });
}

TEST_CASE("the stride of max_pool2d is its kernel size by default") {
  REQUIRE(max_pool2d(Array::zeros({2, 3, 32, 32}), {.kernel_size = 2}).shape() == Shape{2, 3, 16, 16});
  REQUIRE(max_pool2d(Array::zeros({2, 3, 32, 30}), {.kernel_size = Pair(4, 3)}).shape() == Shape{2, 3, 8, 10});
}

TEST_CASE("max_pool2d sends the gradient of a tie to the first element") {
  const Array x = plane(4, 4, {1, 7, 0, 0, 7, 7, 0, 0, 3, 3, 2, 5, 3, 3, 5, 5});
  REQUIRE(ones_gradient(x, {.kernel_size = 2}) == std::vector<double>{0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0});
  REQUIRE(max_pool2d_with_indices(x, {.kernel_size = 2}).indices.to_vector<std::int64_t>() ==
          std::vector<std::int64_t>{1, 2, 8, 11});
}

TEST_CASE("max_pool2d gives NaN for a window with NaN and sends its gradient to the first") {
  const Array x = plane(2, 6, {1, 2, 3, not_a_number, not_a_number, infinity, 4, not_a_number, 3, 2, 1, not_a_number});
  const Tensor y = max_pool2d(x, {.kernel_size = 2});
  REQUIRE(std::isnan(y.array().at({0, 0, 0, 0})));
  REQUIRE(std::isnan(y.array().at({0, 0, 0, 1})));
  REQUIRE(std::isnan(y.array().at({0, 0, 0, 2})));
  REQUIRE(ones_gradient(x, {.kernel_size = 2}) == std::vector<double>{0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0});
  // Windows that do not contain it are unaffected.
  REQUIRE(max_pool2d(plane(2, 4, {not_a_number, 0, 1, 2, 0, 0, 3, 4}), {.kernel_size = 2}).array().at({0, 0, 0, 1}) ==
          4);
}

TEST_CASE("max_pool2d of a window of minus infinity has a valid index") {
  const Array x = Array::full({1, 5, 3, 3}, -infinity, DType::f32);
  const MaxPoolResult result = max_pool2d_with_indices(x, {.kernel_size = 3, .stride = 2, .padding = 1});
  for (const float value : result.values.array().to_vector<float>())
    REQUIRE(value == -std::numeric_limits<float>::infinity());
  const auto indices = result.indices.to_vector<std::int64_t>();
  for (std::size_t c = 0; c < 5; ++c) {
    REQUIRE(std::vector<std::int64_t>(indices.begin() + static_cast<std::ptrdiff_t>(4 * c),
                                      indices.begin() + static_cast<std::ptrdiff_t>(4 * c + 4)) ==
            std::vector<std::int64_t>{0, 1, 3, 4});
  }
}

TEST_CASE("max_pool2d keeps its conventions for ties and NaN and infinities in all channels on every instruction set") {
  for (const std::int64_t channels : {1, 3, 8, 19, 33}) {
    const PoolCase p = {.batch = 2,
                        .channels = channels,
                        .height = 9,
                        .width = 7,
                        .kernel = {3, 2},
                        .stride = {2, 1},
                        .padding = {1, 1}};
    Array x = distinct(p.shape());
    const double few[] = {not_a_number, -infinity, -infinity, 1, 1, 2, infinity, 0};
    for (std::int64_t i = 0; i < x.numel(); ++i) {
      double& value = x.mutable_data<double>()[i];
      value = few[static_cast<std::int64_t>(value) % 8];
    }
    const Expected expected = reference(p, x.to_vector<double>());
    const Array seed = distinct({2, channels, out_height(p), out_width(p)});
    std::vector<double> dx(static_cast<std::size_t>(x.numel()));
    const auto outputs = static_cast<std::size_t>(seed.size(2) * seed.size(3));
    const auto dy = seed.to_vector<double>();
    for (std::size_t k = 0; k < dy.size(); ++k)
      dx[k / outputs * 63 + static_cast<std::size_t>(expected.indices[k])] += dy[k];
    for_each_target([&] {
      for (const DType dtype : {DType::f32, DType::f64}) {
        const MaxPoolResult result = max_pool2d_with_indices(x.to(dtype), options_of(p));
        REQUIRE(result.indices.to_vector<std::int64_t>() == expected.indices);
        const auto values = result.values.array().to(DType::f64).to_vector<double>();
        for (std::size_t k = 0; k < values.size(); ++k)
          REQUIRE((values[k] == expected.values[k] || (std::isnan(values[k]) && std::isnan(expected.values[k]))));
        REQUIRE(gradient(x.to(dtype), options_of(p), seed.to(dtype)).to(DType::f64).to_vector<double>() == dx);
      }
    });
  }
}

TEST_CASE("max_pool2d never selects the padding as the maximum") {
  REQUIRE(max_pool2d(Array::full({1, 1, 2, 2}, -3), {.kernel_size = 3, .stride = 1, .padding = 1})
              .array()
              .to_vector<float>() == std::vector<float>(4, -3));
}

TEST_CASE("max_pool2d in ceil mode starts no window in the padding after the image") {
  const Array x = Array::zeros({1, 1, 6, 7});
  REQUIRE(max_pool2d(x, {.kernel_size = 1, .stride = 2, .ceil_mode = true}).shape() == Shape{1, 1, 3, 4});
  REQUIRE(max_pool2d(x, {.kernel_size = 2, .stride = 2, .padding = 1, .ceil_mode = true}).shape() == Shape{1, 1, 4, 4});
  REQUIRE(max_pool2d(x, {.kernel_size = 2, .stride = 4, .ceil_mode = true}).shape() == Shape{1, 1, 2, 2});
  // The only window extends past the end.
  REQUIRE(max_pool2d(Array::zeros({1, 1, 2, 2}), {.kernel_size = 3, .stride = 2, .ceil_mode = true}).shape() ==
          Shape{1, 1, 1, 1});
}

TEST_CASE("max_pool2d adds up the gradients of windows that overlap and leaves the tail at zero") {
  const Array x = plane(3, 4, {0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0});
  REQUIRE(ones_gradient(x, {.kernel_size = 2, .stride = 1}) == std::vector<double>{0, 0, 1, 0, 0, 4, 1, 0, 0, 0, 0, 0});
  const Array tail = plane(3, 5, {1, 2, 3, 4, 99, 5, 6, 7, 8, 99, 99, 99, 99, 99, 99});
  REQUIRE(ones_gradient(tail, {.kernel_size = 2}) == std::vector<double>{0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0});
  // Strides beyond the kernel leave gaps.
  REQUIRE(ones_gradient(plane(1, 5, {1, 2, 3, 4, 5}), {.kernel_size = 1, .stride = Pair(1, 2)}) ==
          std::vector<double>{1, 0, 1, 0, 1});
}

TEST_CASE("max_pool2d of an empty batch is empty forward and backward") {
  for (const std::int64_t kernel : {2, 17}) {
    const Array x = Array::zeros({0, 3, 34, 51});
    const Shape shape = {0, 3, 34 / kernel, 51 / kernel};
    const MaxPoolResult result = max_pool2d_with_indices(x, {.kernel_size = kernel});
    REQUIRE(result.values.shape() == shape);
    REQUIRE(result.indices.shape() == shape);
    REQUIRE(gradient(x, {.kernel_size = kernel}, Array::zeros(shape)).shape() == x.shape());
  }
}

TEST_CASE("max_pool2d reports invalid input") {
  const Array x = Array::zeros({1, 2, 5, 7});
  const auto is = [](const char* text) { return Catch::Matchers::Message(text); };
  CHECK_THROWS_MATCHES(max_pool2d(x, {.kernel_size = Pair(0, 2)}), ValueError,
                       is("max_pool2d: kernel_size must be at least 1, got (0, 2)"));
  CHECK_THROWS_MATCHES(max_pool2d(x, {.kernel_size = 2, .stride = Pair(1, 0)}), ValueError,
                       is("max_pool2d: stride must be at least 1, got (1, 0)"));
  CHECK_THROWS_MATCHES(max_pool2d(x, {.kernel_size = 2, .padding = Pair(0, -1)}), ValueError,
                       is("max_pool2d: padding must be at least 0, got (0, -1)"));
  CHECK_THROWS_MATCHES(max_pool2d(x, {.kernel_size = 2, .dilation = 0}), ValueError,
                       is("max_pool2d: dilation must be at least 1, got (0, 0)"));
  CHECK_THROWS_MATCHES(max_pool2d(x, {.kernel_size = 3, .padding = Pair(1, 2)}), ShapeError,
                       is("max_pool2d: along the width padding 2 is more than half of the 3 that the kernel covers "
                          "(size 3, dilation 1)"));
  CHECK_THROWS_MATCHES(max_pool2d(x, {.kernel_size = 3, .padding = Pair(3, 2), .dilation = 2}), ShapeError,
                       is("max_pool2d: along the height padding 3 is more than half of the 5 that the kernel covers "
                          "(size 3, dilation 2)"));
  CHECK_THROWS_MATCHES(max_pool2d(x, {.kernel_size = 4, .stride = 1, .padding = Pair(0, 1), .dilation = 2}), ShapeError,
                       is("max_pool2d: along the height the kernel covers 7 (size 4, dilation 2), the padded input has "
                          "5 (size 5, padding 0)"));
  CHECK_THROWS_MATCHES(max_pool2d(Array::zeros({1, 1, 1, 4}),
                                  {.kernel_size = 2, .stride = 1, .padding = Pair(2, 0), .dilation = Pair(3, 1)}),
                       ShapeError,
                       is("max_pool2d: along the height window 0 contains no pixels (input 1, kernel 2, stride 1, "
                          "padding 2, dilation 3)"));
  CHECK_THROWS_MATCHES(max_pool2d(Array::zeros({2, 5, 7}), {.kernel_size = 2}), ShapeError,
                       is("max_pool2d: expected an input (N, C, H, W) of rank 4, got [2, 5, 7]"));
  for (const Shape& shape : {Shape{1, 0, 5, 7}, Shape{1, 2, 0, 7}, Shape{1, 2, 5, 0}}) {
    CHECK_THROWS_MATCHES(max_pool2d(Array::zeros(shape), {.kernel_size = 1}), ShapeError,
                         is(("max_pool2d: expected images with channels and pixels, got " + to_string(shape)).c_str()));
  }
  CHECK_THROWS_AS(max_pool2d(Array::zeros({1, 2, 5, 7}, DType::i64), {.kernel_size = 1}), DTypeError);
  CHECK_THROWS_MATCHES(MaxPool2dOptions{.kernel_size = 0}.check("MaxPool2d"), ValueError,
                       is("MaxPool2d: kernel_size must be at least 1, got (0, 0)"));
}

}  // namespace test_max_pool2d
