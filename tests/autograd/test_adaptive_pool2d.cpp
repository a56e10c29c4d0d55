// Conventions of adaptive pooling, of pooling sequences and of unpooling.
#include <cmath>
#include <limits>

#include <tapestry/autograd/ops/pool/pooling.hpp>

#include "autograd/generate.hpp"
#include "pool2d_cases.hpp"

namespace test_adaptive_pool2d {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// 1, 2, 3, …
Array counted(const Shape& shape) {
  std::vector<double> values(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i + 1);
  return Array::from(shape, values);
}

/// The gradient of the sum.
template <class Pool>
std::vector<double> ones_gradient(const Array& x, const Pool& pool) {
  const Tensor input = leaf(x);
  const Tensor y = pool(input);
  return grad(y, {input}, Array::full(y.shape(), 1, x.dtype()))[0].array().to_vector<double>();
}

}  // namespace

TEST_CASE("adaptive pooling agrees with PyTorch") {
  // torch.arange(1., 36.).reshape(1, 1, 5, 7) to 3 × 4 in PyTorch 1.13: windows overlap along both axes.
  const Array x = counted({1, 1, 5, 7});
  REQUIRE(adaptive_avg_pool2d(x, Pair(3, 4)).array().to_vector<double>() ==
          std::vector<double>{5, 6.5, 8.5, 10, 15.5, 17, 19, 20.5, 26, 27.5, 29.5, 31});
  const MaxPoolResult largest = adaptive_max_pool2d_with_indices(x, Pair(3, 4));
  REQUIRE(largest.values.array().to_vector<double>() ==
          std::vector<double>{9, 11, 13, 14, 23, 25, 27, 28, 30, 32, 34, 35});
  REQUIRE(largest.indices.to_vector<std::int64_t>() ==
          std::vector<std::int64_t>{8, 10, 12, 13, 22, 24, 26, 27, 29, 31, 33, 34});
  // Larger than the image: the first two rows and columns to 3 × 3.
  REQUIRE(adaptive_avg_pool2d(f64({1, 1, 2, 2}, {1, 2, 8, 9}), 3).array().to_vector<double>() ==
          std::vector<double>{1, 1.5, 2, 4.5, 5, 5.5, 8, 8.5, 9});
}

TEST_CASE("adaptive pooling to the size of the image returns the image") {
  const Array x = Generator(1).reals({2, 3, 4, 5});
  require_equal(adaptive_avg_pool2d(x, Pair(4, 5)).array(), x);
  require_equal(adaptive_max_pool2d(x, Pair(4, 5)).array(), x);
}

TEST_CASE("adaptive_max_pool2d has the conventions of max_pool2d") {
  const auto to_one = [](const Tensor& x) { return global_max_pool2d(x); };
  REQUIRE(ones_gradient(f64({1, 1, 2, 3}, {1, 7, 2, 7, 7, 0}), to_one) == std::vector<double>{0, 1, 0, 0, 0, 0});
  const Array with_nan = f64({1, 1, 2, 3}, {1, infinity, not_a_number, 7, not_a_number, 0});
  REQUIRE(std::isnan(global_max_pool2d(with_nan).item()));
  REQUIRE(ones_gradient(with_nan, to_one) == std::vector<double>{0, 0, 1, 0, 0, 0});
  // Windows of more than 256 cells store their positions in another dtype.
  for (const std::int64_t side : {3, 18}) {
    const Array nothing = Array::full({1, 5, side, side}, -infinity);
    const MaxPoolResult result = adaptive_max_pool2d_with_indices(nothing, 1);
    require_equal(result.values.array(), Array::full({1, 5, 1, 1}, -infinity));
    require_equal(result.indices, Array::zeros({1, 5, 1, 1}, DType::i64));
  }
  // Windows [0, 2) and [1, 3) share the largest element.
  REQUIRE(ones_gradient(f64({1, 1, 1, 3}, {1, 9, 5}), [](const Tensor& x) {
            return adaptive_max_pool2d(x, Pair(1, 2));
          }) == std::vector<double>{0, 2, 0});
}

TEST_CASE("global pooling of large planes finds every index and keeps its precision") {
  const Array x = distinct({2, 3, 41, 37});
  const Array largest = global_max_pool2d(x).array();
  const MaxPoolResult found = adaptive_max_pool2d_with_indices(x, 1);
  for (std::int64_t n = 0; n < 2; ++n) {
    for (std::int64_t c = 0; c < 3; ++c) {
      const auto at = static_cast<std::int64_t>(found.indices.at({n, c, 0, 0}));
      REQUIRE(x.at({n, c, at / 37, at % 37}) == largest.at({n, c, 0, 0}));
    }
  }
  double most = 0;
  for (const double value : values_of(largest)) most = std::max(most, value);
  REQUIRE(most == static_cast<double>(x.numel() - 1));
  const std::vector<double> gradient = ones_gradient(x, [](const Tensor& input) { return global_max_pool2d(input); });
  double total = 0;
  for (const double value : gradient) total += value;
  REQUIRE(total == 6);

  // 50176 values of f32 added one by one would lose 1e-4; added by rows, the error is at most 2 · 224 roundings.
  const Array large = Generator(2).reals({1, 1, 224, 224}, 0.9, 1.1).to(DType::f32);
  const double exact = global_avg_pool2d(large.to(DType::f64)).item();
  REQUIRE(std::abs(adaptive_avg_pool2d(large, 1).item() - exact) < 2 * 224 * 6e-8);
}

TEST_CASE("adaptive pooling gives the same for both dtypes and on every instruction set and number of threads") {
  const Array x = distinct({2, 19, 31, 23});
  const Pair size = {7, 5};
  const Array largest = adaptive_max_pool2d(x, size).array();
  const Array gradient = Generator(3).integers(largest.shape(), DType::f64);
  const auto dx = [&](const Array& input) {
    const Tensor image = leaf(input);
    return grad(adaptive_max_pool2d(image, size), {image}, gradient.to(input.dtype()))[0].array().to(DType::f64);
  };
  const Array expected = dx(x);
  for_each_target([&] {
    for_each_thread_count([&] {
      for (const DType dtype : {DType::f32, DType::f64}) {
        require_equal(adaptive_max_pool2d(x.to(dtype), size).array().to(DType::f64), largest);
        require_equal(dx(x.to(dtype)), expected);
      }
    });
  });
}

TEST_CASE("max_pool1d has the conventions of max_pool2d") {
  const auto pool = [](const Tensor& x) { return max_pool1d(x, {.kernel_size = 2, .stride = 1}); };
  REQUIRE(ones_gradient(f64({1, 1, 5}, {1, 9, 9, 3, 3}), pool) == std::vector<double>{0, 2, 1, 1, 0});
  const Array with_nan = f64({1, 1, 4}, {1, not_a_number, 2, infinity});
  const std::vector<double> y = max_pool1d(with_nan, {.kernel_size = 2}).array().to_vector<double>();
  REQUIRE(std::isnan(y[0]));
  REQUIRE(y[1] == infinity);
  REQUIRE(max_pool1d(Array::zeros({1, 1, 7}), {.kernel_size = 1, .stride = 2, .ceil_mode = true}).shape() ==
          Shape{1, 1, 4});
  REQUIRE(max_pool1d(Array::full({1, 1, 2}, -3), {.kernel_size = 3, .stride = 1, .padding = 1})
              .array()
              .to_vector<float>() == std::vector<float>(2, -3));
}

TEST_CASE("pooling sequences needs no format conversion") {
  const Array x = Generator(4).reals({2, 3, 8}).to(DType::f32);
  const auto before = format_conversions();
  const Tensor input = leaf(x);
  const Tensor y = max_pool1d(avg_pool1d(input, {.kernel_size = 2}), {.kernel_size = 2});
  (void)grad(y, {input}, Array::full({2, 3, 2}, 1));
  REQUIRE(format_conversions() == before);
}

TEST_CASE("max_unpool2d puts maxima back where they were") {
  const Array x = counted({1, 1, 4, 4});
  const MaxPoolResult largest = max_pool2d_with_indices(x, {.kernel_size = 2});
  REQUIRE(max_unpool2d(largest.values, largest.indices, {.kernel_size = 2}).array().to_vector<double>() ==
          std::vector<double>{0, 0, 0, 0, 0, 6, 0, 8, 0, 0, 0, 0, 0, 14, 0, 16});
  // An output size for images that the windows do not cover entirely.
  const Array odd = distinct({2, 3, 5, 7});
  const MaxPoolResult pooled = max_pool2d_with_indices(odd, {.kernel_size = 2});
  const Tensor back = max_unpool2d(pooled.values, pooled.indices, {.kernel_size = 2, .output_size = Pair(5, 7)});
  REQUIRE(back.shape() == odd.shape());
  require_equal(max_pool2d(back, {.kernel_size = 2}).array(), pooled.values.array());
}

TEST_CASE("max_unpool2d keeps the last element of a repeated index and sends the gradient to it") {
  const Array x = f64({1, 1, 2, 2}, {1, 2, 3, 4});
  const Array indices = Array::from({1, 1, 2, 2}, std::vector<std::int64_t>{0, 3, 3, 10});
  const auto unpool = [&](const Tensor& input) { return max_unpool2d(input, indices, {.kernel_size = 2}); };
  REQUIRE(unpool(x).array().to_vector<double>() == std::vector<double>{1, 0, 0, 3, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0});
  REQUIRE(ones_gradient(x, unpool) == std::vector<double>{1, 0, 1, 1});
}

}  // namespace test_adaptive_pool2d
