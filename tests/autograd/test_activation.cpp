#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

namespace test_activation {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// softmax or its logarithm along an axis, by the definition and in extended precision.
Array reference_softmax(const Array& x, int axis, bool logarithm) {
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

TEST_CASE("relu has the derivative 0 at its kink and propagates NaN") {
  const Tensor x = leaf(f64({6}, {0, -0.0, NAN, infinity, -infinity, -1e-300}));
  const Tensor y = relu(x);
  require_equal(y.array(), f64({6}, {0, 0, NAN, infinity, 0, 0}));
  y.backward(Array::full({6}, 1, DType::f64), {});
  require_equal(x.grad().array(), f64({6}, {0, 0, 1, 1, 0, 0}));
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
    require_close(log_softmax(x).array(), reference_softmax(x, 1, true).to(dtype), dtype == DType::f32 ? 2e-7 : 4e-16);
  }
  require_equal(softmax(Array::full({2, 4}, -1e30)).array(), Array::full({2, 4}, 0.25));
  require_equal(softmax(f32({1, 3}, {0, -std::numeric_limits<float>::infinity(), 0})).array(),
                f32({1, 3}, {0.5, 0, 0.5}));
}

TEST_CASE("NaN stays within its row") {
  Array x = Array::full({3, 2}, 1);
  x.mutable_data<float>()[3] = NAN;
  for (const Tensor& y : {softmax(x), log_softmax(x)}) {
    const auto values = values_of(y.array());
    for (std::size_t i = 0; i < 6; ++i) REQUIRE(std::isnan(values[i]) == (i == 2 || i == 3));
  }
}

TEST_CASE("activations have the documented derivatives at their kinks") {
  const auto derivatives = [](const std::function<Tensor(const Tensor&)>& function, const std::vector<double>& at) {
    const Tensor x = leaf(f64({static_cast<std::int64_t>(at.size())}, at));
    sum(function(x)).backward();
    return x.grad().array().to_vector<double>();
  };
  using Values = std::vector<double>;
  REQUIRE(derivatives(relu6, {0, 6}) == Values{0, 0});
  REQUIRE(derivatives([](const Tensor& x) { return leaky_relu(x); }, {0}) == Values{0.01});
  REQUIRE(derivatives([](const Tensor& x) { return prelu(x, Array::full({1}, 0.25, DType::f64)); }, {0}) ==
          Values{0.25});
  REQUIRE(derivatives(hardsigmoid, {-3, 3}) == Values{0, 0});
  REQUIRE(derivatives(hardswish, {-3, 3}) == Values{0, 1});
  REQUIRE(derivatives([](const Tensor& x) { return elu(x, {.alpha = 2}); }, {0}) == Values{2});
}

TEST_CASE("activations and their derivatives of both orders are finite for large and small numbers") {
  using Function = std::function<Tensor(const Tensor&)>;
  const std::vector<std::pair<std::string, Function>> smooth = {
      {"sigmoid", sigmoid},
      {"tanh", [](const Tensor& x) { return tanh(x); }},
      {"softplus", [](const Tensor& x) { return softplus(x); }},
      {"softplus without a threshold", [](const Tensor& x) { return softplus(x, {.beta = 3, .threshold = 1e9}); }},
      {"elu", [](const Tensor& x) { return elu(x); }},
      {"selu", selu},
      {"gelu", [](const Tensor& x) { return gelu(x); }},
      {"gelu by tanh", [](const Tensor& x) { return gelu(x, {.approximate = GeluApproximation::tanh}); }},
      {"silu", silu},
      {"mish", mish},
      {"hardswish", hardswish}};
  const std::vector<float> points = {-1e4F, -200, -100, -50, -20, -1e-8F, 0, 1e-8F, 20, 50, 100, 200, 1e4F};
  for (const auto& [name, function] : smooth) {
    INFO(name);
    const Tensor x = leaf(Array::from({13}, points));
    const Tensor y = function(x);
    const Tensor first = grad(sum(y), {x}, {}, {.create_graph = true})[0];
    const Tensor second = grad(sum(first), {x})[0];
    for (const Tensor& one : {y, first, second}) {
      for (const double value : values_of(one.array())) REQUIRE(std::isfinite(value));
    }
    // The differentiable backward, and the limits: no activation exceeds |x| or falls below −2.
    const Tensor again = grad(sum(function(x)), {x})[0];
    require_close(again.array(), first.array(), 1e-6);
    for (std::int64_t i = 0; i < 13; ++i) REQUIRE(y.array().at({i}) >= -2);
    REQUIRE(y.array().at({12}) <= 1.0508e4);
    REQUIRE(std::abs(first.array().at({0})) < 1e-30);
    REQUIRE(std::abs(second.array().at({12})) < 1e-30);
  }
}

TEST_CASE("activations propagate NaN") {
  const Tensor x = f32({1}, {NAN});
  for (const Tensor& y : {relu6(x), leaky_relu(x), hardsigmoid(x), hardswish(x), elu(x), selu(x), gelu(x), silu(x),
                          sigmoid(x), tanh(x), softplus(x), mish(x), prelu(x, Array::full({1}, 1))}) {
    REQUIRE(std::isnan(y.item()));
  }
}

TEST_CASE("relu of a sum passes one gradient to both operands and neither is modified in place") {
  const Array values = Array::from({2, 2}, std::vector<double>{1, -2, 3, -4});
  const Array ones = Array::full({2, 2}, 1, DType::f64);
  const Tensor a = leaf(values), b = leaf(values.clone());
  // Both are used twice: a later gradient must not change the gradient of the other.
  const Tensor y = relu(a + b) + a * 10.0 + b * 100.0;
  y.backward(ones, {});
  REQUIRE(values_of(a.grad().array()) == std::vector<double>{11, 10, 11, 10});
  REQUIRE(values_of(b.grad().array()) == std::vector<double>{101, 100, 101, 100});
  REQUIRE(values_of(grad(relu(a + a), {a}, ones)[0].array()) == std::vector<double>{2, 0, 2, 0});
}

}  // namespace test_activation
