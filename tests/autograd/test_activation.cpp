#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <tapestry/autograd/ops/activation.hpp>
#include <tapestry/autograd/ops/arithmetic.hpp>
#include <tapestry/autograd/ops/reduction.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

using namespace tapestry;
using namespace tapestry::testing;

namespace {

using Inputs = const std::vector<Tensor>&;

constexpr double infinity = std::numeric_limits<double>::infinity();

const CheckedFunction rectified = [](Inputs in) { return relu(in[0]); };

/// softmax, or its logarithm, along an axis by the definition, in extended precision.
Array softmax_plainly(const Array& x, int axis, bool logarithm) {
  const auto values = values_of(x);
  std::vector<double> result;
  std::vector<std::int64_t> index(static_cast<std::size_t>(x.rank()), 0);
  for (std::size_t i = 0; i < values.size(); ++i, advance(index, x.shape())) {
    std::vector<std::int64_t> other = index;
    long double total = 0;
    for (std::int64_t at = 0; at < x.size(axis); ++at) {
      other[static_cast<std::size_t>(axis)] = at;
      total += std::exp(static_cast<long double>(values[broadcast_position(other, x.shape())]) - values[i]);
    }
    result.push_back(static_cast<double>(logarithm ? -std::log(total) : 1 / total));
  }
  return Array::from(x.shape(), result);
}

}  // namespace

TEST_CASE("relu has right gradients of both orders in both types and formats") {
  Generator random(1);
  for (int i = 0; i < 30; ++i) {
    const Array x = random.reals_with_gap(random.shape(0, 4, 4));
    std::vector<double> wanted = values_of(x);
    for (double& value : wanted) value = std::max(value, 0.0);
    require_equal(relu(x).array(), Array::from(x.shape(), wanted));
    // Linear on either side of the kink, which a step of 0.05 does not reach; rounding is 1e-16 · 256 / 0.05.
    require_operator(rectified, {x}, {.gradients = {.step = 0.05, .atol = 1e-11, .rtol = 1e-11}, .f32_tolerance = 0});
  }
  require_works_on_nothing(rectified, {Array::zeros({0, 3, 4, 5})}, {0, 3, 4, 5});
}

TEST_CASE("relu at its kink and for values that are no numbers") {
  const Tensor x = leaf(f64({6}, {0, -0.0, NAN, infinity, -infinity, -1e-300}));
  const Tensor y = relu(x);
  require_equal(y.array(), f64({6}, {0, 0, NAN, infinity, 0, 0}));
  y.backward(Array::full({6}, 1, DType::f64), {});
  require_equal(x.grad().array(), f64({6}, {0, 0, 1, 1, 0, 0}));
  REQUIRE_THROWS_AS(relu(Array::zeros({2}, DType::i64)), DTypeError);
  REQUIRE_THROWS_WITH(relu(Array::zeros({2}, DType::i64)), "relu: expected f32 or f64, got i64");
}

// Values and their sums along a row are off by a few roundings; the sums of the gradient are in another order in the
// other format.
TEST_CASE("softmax and log_softmax are right along any axis and have right gradients of both orders") {
  Generator random(2);
  for (int i = 0; i < 35; ++i) {
    const Array x = random.reals(random.shape(1, 4, 4), -3, 3);
    const int axis = random.axis(x.shape());
    const int counted = x.shape().checked_axis(axis);
    INFO("axis " << axis);
    require_close(softmax(x, axis).array(), softmax_plainly(x, counted, false), 1e-15);
    require_close(log_softmax(x, axis).array(), softmax_plainly(x, counted, true), 2e-15);
    for (const auto& function : {CheckedFunction([&](Inputs in) { return softmax(in[0], axis); }),
                                 CheckedFunction([&](Inputs in) { return log_softmax(in[0], axis); })}) {
      require_operator(function, {x}, {.f32_tolerance = 2e-6, .format_tolerance = 1e-14});
    }
  }
}

TEST_CASE("softmax is finite for all finite inputs and its rows add up to 1") {
  Generator random(3);
  for (const DType dtype : {DType::f32, DType::f64}) {
    // Fifty rows of seven numbers between −1e4 and 1e4.
    const Array x = random.reals({50, 7}, -1e4, 1e4).to(dtype);
    const Array y = softmax(x).array();
    // Seven numbers, each rounded to dtype.
    require_close(sum(y, {1}).array(), Array::full({50}, 1, dtype), dtype == DType::f32 ? 4e-7 : 1e-15);
    for (const double value : values_of(log_softmax(x).array())) REQUIRE((std::isfinite(value) && value <= 0));
    // The difference is rounded to dtype before the exponential, and the result once more.
    require_close(log_softmax(x).array(), softmax_plainly(x, 1, true).to(dtype), dtype == DType::f32 ? 2e-7 : 4e-16);
  }
  require_equal(softmax(Array::full({2, 4}, -1e30)).array(), Array::full({2, 4}, 0.25));
  require_equal(softmax(f32({1, 3}, {0, -std::numeric_limits<float>::infinity(), 0})).array(),
                f32({1, 3}, {0.5, 0, 0.5}));
}

TEST_CASE("NaN stays in the row that it is in") {
  Array x = Array::full({3, 2}, 1);
  x.mutable_data<float>()[3] = NAN;
  for (const Tensor& y : {softmax(x), log_softmax(x)}) {
    const auto values = values_of(y.array());
    for (std::size_t i = 0; i < 6; ++i) REQUIRE(std::isnan(values[i]) == (i == 2 || i == 3));
  }
}

TEST_CASE("softmax of an empty batch is empty and an axis that is not there is refused") {
  require_works_on_nothing([](Inputs in) { return softmax(in[0]); }, {Array::zeros({0, 3})}, {0, 3});
  require_works_on_nothing([](Inputs in) { return log_softmax(in[0], 1); }, {Array::zeros({2, 0})}, {2, 0});
  const Tensor x = Array::zeros({2, 3});
  REQUIRE_THROWS_AS(softmax(x, 2), ShapeError);
  REQUIRE_THROWS_WITH(log_softmax(x, -3), "shape: no axis -3 in [2, 3] of rank 2");
  REQUIRE_THROWS_WITH(softmax(Array::zeros({2}, DType::u8)), "softmax: expected f32 or f64, got u8");
  REQUIRE_THROWS_WITH(log_softmax(Array::zeros({2}, DType::u8)), "log_softmax: expected f32 or f64, got u8");
}
