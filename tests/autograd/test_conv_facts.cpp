// Worked examples of convolution that can be followed with pencil and paper.
#include <cstdint>
#include <vector>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>

#include "autograd/generate.hpp"

namespace test_conv_facts {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

Array plane(std::int64_t height, std::int64_t width, const std::vector<float>& values) {
  return f32({1, 1, height, width}, values);
}

/// x with its last two axes reversed.
Array flipped(const Array& kernel) {
  std::vector<float> values = kernel.to_vector<float>();
  return f32(kernel.shape(), {values.rbegin(), values.rend()});
}

/// The pixels of a square image that the middle output depends on, as a picture.
std::vector<double> seen(std::int64_t size, const CheckedFunction& function) {
  const Tensor x = leaf(Array::zeros({1, 1, size, size}));
  const Tensor y = function({x});
  Array seed = Array::zeros(y.shape());
  seed.mutable_data<float>()[y.numel() / 2] = 1;
  return values_of(grad(y, {x}, seed)[0].array());
}

const std::vector<float> rows = {1, 2, 3, 0, 1, 0, 1, 2, 3, 1, 1, 0, 1, 2, 2, 2, 1, 0, 1, 3, 1, 2, 3, 0, 1};

}  // namespace

TEST_CASE("the Laplacian of a small image equals the worked example") {
  const Array x = plane(5, 5, rows);
  const Array laplacian = plane(3, 3, {0, 1, 0, 1, -4, 1, 0, 1, 0});
  const Array wanted = plane(3, 3, {0, 0, -7, 4, 0, -1, 0, 6, 1});
  require_equal(conv2d(x, laplacian).array(), wanted);
  require_equal(conv2d(x, flipped(laplacian)).array(), wanted);

  const Array asymmetric = plane(3, 3, {0, 1, 0, 0, -4, 1, 0, 0, 0});
  REQUIRE(values_of(conv2d(x, asymmetric).array()) != values_of(conv2d(x, flipped(asymmetric)).array()));
}

TEST_CASE("the first output of a vertical edge kernel is 3") {
  const Array x = plane(5, 5, {3, 4, 1, 2, 5, 5, 6, 2, 1, 3, 1, 2, 3, 4, 6, 6, 7, 5, 4, 2, 3, 2, 1, 6, 5});
  const Array y = conv2d(x, plane(3, 3, {1, 0, -1, 1, 0, -1, 1, 0, -1})).array();
  REQUIRE(y.shape() == Shape{1, 1, 3, 3});
  REQUIRE(y.at({0, 0, 0, 0}) == 3);
}

TEST_CASE("output sizes follow from input and kernel and stride and padding") {
  REQUIRE(conv2d(Array::zeros({1, 1, 227, 227}), Array::zeros({1, 1, 11, 11}), {}, {.stride = 4}).shape() ==
          Shape{1, 1, 55, 55});
  const Tensor x = Array::zeros({1, 1, 32, 32});
  const Tensor weight = Array::zeros({1, 1, 5, 5});
  REQUIRE(conv2d(x, weight, {}, {.padding = 2}).shape() == x.shape());
  REQUIRE(conv2d(x, weight, {}, {.padding = Padding::same()}).shape() == x.shape());
  REQUIRE(conv2d(x, weight).shape() == Shape{1, 1, 28, 28});
}

TEST_CASE("same padding of an even kernel puts the extra zero at the end") {
  const Array x = plane(1, 4, {1, 2, 3, 4});
  require_equal(conv2d(x, plane(1, 2, {10, 1}), {}, {.padding = Padding::same()}).array(),
                plane(1, 4, {12, 23, 34, 40}));
  require_equal(conv2d(x, plane(1, 4, {1000, 100, 10, 1}), {}, {.padding = Padding::same()}).array(),
                plane(1, 4, {123, 1234, 2340, 3400}));
}

TEST_CASE("a 1 by 1 convolution mixes the channels of each pixel") {
  // Pixels hold (1..4), (5..8), (9..12), (13..16).
  std::vector<float> values;
  for (int channel = 1; channel <= 4; ++channel) {
    for (int pixel = 0; pixel < 4; ++pixel) values.push_back(static_cast<float>(4 * pixel + channel));
  }
  const Array y = conv2d(f32({1, 4, 2, 2}, values), f32({3, 4, 1, 1}, {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1})).array();
  require_equal(y, f32({1, 3, 2, 2}, {1, 5, 9, 13, 2, 6, 10, 14, 7, 15, 23, 31}));
}

TEST_CASE("groups divide the weights of a convolution") {
  const Tensor x = Array::zeros({1, 8, 5, 5});
  for (const std::int64_t groups : {1, 2, 8}) {
    const Tensor weight = Array::zeros({8, 8 / groups, 3, 3});
    REQUIRE(conv2d(x, weight, {}, {.groups = groups}).shape() == Shape{1, 8, 3, 3});
  }
}

TEST_CASE("a depthwise separable convolution has about an eighth of the weights") {
  const Tensor x = Array::zeros({1, 32, 5, 5});
  const Tensor standard = Array::zeros({64, 32, 3, 3});
  const Tensor depthwise = Array::zeros({32, 1, 3, 3});
  const Tensor pointwise = Array::zeros({64, 32, 1, 1});
  REQUIRE(standard.numel() == 18'432);
  REQUIRE(depthwise.numel() + pointwise.numel() == 2'336);
  REQUIRE(18'432 * 100 / 2'336 == 789);
  const Tensor separable = conv2d(conv2d(x, depthwise, {}, {.padding = 1, .groups = 32}), pointwise);
  REQUIRE(separable.shape() == conv2d(x, standard, {}, {.padding = 1}).shape());
}

TEST_CASE("a row kernel followed by a column kernel covers a square with 2n weights") {
  const std::int64_t n = 3;
  const Array row = plane(1, n, {1, 2, 3});
  const Array column = plane(n, 1, {1, 10, 100});
  REQUIRE(row.numel() + column.numel() == 2 * n);
  const auto field = seen(n, [&](const std::vector<Tensor>& in) { return conv2d(conv2d(in[0], row), column); });
  REQUIRE(field == std::vector<double>{1, 2, 3, 10, 20, 30, 100, 200, 300});

  const Array square = plane(n, n, {1, 2, 3, 10, 20, 30, 100, 200, 300});
  const Array x = plane(5, 5, rows);
  require_equal(conv2d(conv2d(x, row), column).array(), conv2d(x, square).array());
}

TEST_CASE("a 3 by 3 kernel with dilation 2 covers 5 by 5 pixels") {
  const auto field = seen(5, [](const std::vector<Tensor>& in) {
    return conv2d(in[0], Array::full({1, 1, 3, 3}, 1), {}, {.dilation = 2});
  });
  REQUIRE(field == std::vector<double>{1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1});
}

TEST_CASE("a shifted image gives the shifted result away from the borders") {
  Generator random(1);
  const Array x = random.integers({1, 2, 7, 9});
  const Array weight = random.integers({3, 2, 3, 3});
  const Array y = conv2d(x, weight).array();
  // Whole numbers: exact in any order of summation, except for the fractions of Winograd's algorithm.
  const auto shifted = [](const Array& array) {
    Array result = Array::zeros(array.shape());
    for (std::int64_t i = 0; i < array.numel(); ++i) {
      const std::int64_t column = i % array.size(3);
      if (column > 0) result.mutable_data<float>()[i] = array.contiguous().data<float>()[i - 1];
    }
    return result;
  };
  const Array moved = conv2d(shifted(x), weight).array();
  for (std::int64_t k = 0; k < 3; ++k) {
    for (std::int64_t i = 0; i < 5; ++i) {
      for (std::int64_t j = 1; j < 7; ++j) {
        REQUIRE(std::abs(moved.at({0, k, i, j}) - y.at({0, k, i, j - 1})) <= 2e-5 * std::abs(y.at({0, k, i, j - 1})));
      }
    }
  }
}

TEST_CASE("a transposed convolution by the identity spreads pixels along diagonals") {
  const Array y = conv_transpose2d(plane(2, 2, {1, 2, 3, 4}), plane(2, 2, {1, 0, 0, 1}), {}, {.stride = 2}).array();
  require_equal(y, plane(4, 4, {1, 0, 2, 0, 0, 1, 0, 2, 3, 0, 4, 0, 0, 3, 0, 4}));
}

TEST_CASE("a transposed convolution sums where its kernels overlap") {
  const Array y = conv_transpose2d(plane(2, 2, {1, 2, 3, 4}), Array::full({1, 1, 3, 3}, 1), {}, {.stride = 2}).array();
  require_equal(y, plane(5, 5, {1, 1, 3, 2, 2, 1, 1, 3, 2, 2, 4, 4, 10, 6, 6, 3, 3, 7, 4, 4, 3, 3, 7, 4, 4}));
}

TEST_CASE("a transposed convolution does not undo max pooling") {
  // Two images with the same pooled values: no later operator can tell them apart.
  const Array one = plane(2, 4, {5, 1, 2, 6, 3, 4, 0, 1});
  const Array other = plane(2, 4, {0, 5, 6, 1, 2, 2, 3, 4});
  const Array pooled = max_pool2d(one, {.kernel_size = 2}).array();
  require_equal(max_pool2d(other, {.kernel_size = 2}).array(), pooled);
  const Array back = conv_transpose2d(pooled, plane(2, 2, {1, 0, 0, 0}), {}, {.stride = 2}).array();
  REQUIRE(back.shape() == one.shape());
  REQUIRE(values_of(back) != values_of(one));
  REQUIRE(values_of(back) != values_of(other));
}

TEST_CASE("a linear layer is a convolution with a kernel as large as its input") {
  Generator random(2);
  const Array x = random.integers({3, 12});
  const Array weight = random.integers({5, 12});
  const Array wanted = matmul(x, transpose(weight, 0, 1)).array();
  require_equal(conv1d(x.reshape({3, 1, 12}), weight.reshape({5, 1, 12})).array().reshape({3, 5}), wanted);
  require_equal(conv1d(x.reshape({3, 2, 6}), weight.reshape({5, 2, 6})).array().reshape({3, 5}), wanted);
  require_equal(conv2d(x.reshape({3, 1, 3, 4}), weight.reshape({5, 1, 3, 4})).array().reshape({3, 5}), wanted);
}

TEST_CASE("a transposed convolution produces a checkerboard when the stride does not divide the kernel size") {
  const Array flat = Array::full({1, 1, 5, 5}, 1);
  const auto interior = [](const Tensor& y) {
    return values_of(slice(slice(y, 2, 4, y.size(2) - 4), 3, 4, y.size(3) - 4).array());
  };
  const auto spread = [&](std::int64_t kernel) {
    return conv_transpose2d(flat, Array::full({1, 1, kernel, kernel}, 1), {}, {.stride = 2});
  };
  // Alternately 1 or 2 windows reach a pixel along each axis.
  REQUIRE(interior(spread(3)) == std::vector<double>{4, 2, 4, 2, 1, 2, 4, 2, 4});
  REQUIRE(interior(spread(4)) == std::vector<double>(16, 4));
  // A kernel as large as the stride repeats every pixel; the convolution after it is constant.
  const Tensor upsampled = interpolate(flat, {.scale_factor = 2});
  require_equal(upsampled.array(), Array::full({1, 1, 10, 10}, 1));
  require_equal(spread(2).array(), upsampled.array());
  for (const InterpolationMode mode : {InterpolationMode::nearest, InterpolationMode::bilinear}) {
    const Tensor larger = interpolate(flat, {.scale_factor = 2, .mode = mode});
    const Tensor convolved = conv2d(larger, Array::full({1, 1, 3, 3}, 1), {}, {.padding = 1});
    REQUIRE(interior(convolved) == std::vector<double>(4, 9));
  }
}

TEST_CASE("a stride breaks the shift invariance of circular padding and global pooling") {
  const Array x = plane(4, 4, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16});
  const Array moved = plane(4, 4, {4, 1, 2, 3, 8, 5, 6, 7, 12, 9, 10, 11, 16, 13, 14, 15});
  const Array kernel = plane(3, 3, {1, 2, 0, 0, 3, 1, 0, 0, 1});
  const auto classified = [&](const Array& image, std::int64_t stride) {
    const Conv2dOptions options = {.stride = stride, .padding = 1, .padding_mode = PaddingMode::circular};
    return global_avg_pool2d(conv2d(image, kernel, {}, options)).array().item();
  };
  // The kernel's weights add up to 8 and the pixels to 136 in 16.
  REQUIRE(classified(x, 1) == 8 * 8.5);
  REQUIRE(classified(moved, 1) == classified(x, 1));
  REQUIRE(classified(moved, 2) != classified(x, 2));
}

}  // namespace test_conv_facts
