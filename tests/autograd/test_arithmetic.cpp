#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

namespace test_arithmetic {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The derivative of a function of one number.
double derivative(const std::function<Tensor(const Tensor&)>& function, double at) {
  const Tensor x = leaf(Array::scalar(at, DType::f64));
  function(x).backward();
  return x.grad().item();
}

/// The derivatives of x^exponent with respect to both.
std::pair<double, double> derivatives_of_pow(double x, double exponent) {
  const Tensor base = leaf(Array::scalar(x, DType::f64));
  const Tensor power = leaf(Array::scalar(exponent, DType::f64));
  pow(base, power).backward();
  return {base.grad().item(), power.grad().item()};
}

}  // namespace

TEST_CASE("arithmetic rejects an undefined tensor") {
  REQUIRE_THROWS_AS(Tensor(Array::zeros({2})) + Tensor(), ValueError);
}

TEST_CASE("a number takes the dtype of the tensor operand") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Tensor x = Array::full({2}, 4, dtype);
    for (const auto& [got, wanted] : std::vector<std::pair<Tensor, double>>{{x + 1, 5},
                                                                            {1 + x, 5},
                                                                            {x - 1, 3},
                                                                            {1 - x, -3},
                                                                            {x * 2, 8},
                                                                            {2 * x, 8},
                                                                            {x / 2, 2},
                                                                            {2 / x, 0.5},
                                                                            {-x, -4}}) {
      require_equal(got.array(), Array::full({2}, wanted, dtype));
    }
  }
}

TEST_CASE("a tensor used as both operands gets both gradients") {
  const Tensor x = leaf(f32({2}, {3, -2}));
  (x * x + x / x - (x - x)).backward(f32({2}, {1, 10}), {});
  require_equal(x.grad().array(), f32({2}, {6, -40}));
}

TEST_CASE("division by zero gives infinity and NaN as numbers do") {
  const Array result = (f32({3}, {1, -1, 0}) / Tensor(Array::zeros({3}))).array();
  REQUIRE(result.at({0}) == infinity);
  REQUIRE(result.at({1}) == -infinity);
  REQUIRE(std::isnan(result.at({2})));
}

TEST_CASE("powers have the documented derivatives at zero") {
  const auto of_power = [](double exponent, double at) {
    return derivative([=](const Tensor& x) { return pow(x, exponent); }, at);
  };
  REQUIRE(of_power(0, 0) == 0);
  REQUIRE(of_power(1, 0) == 1);
  REQUIRE(of_power(2, 0) == 0);
  REQUIRE(of_power(0.5, 0) == infinity);
  REQUIRE(of_power(2, -3) == -6);
  REQUIRE(of_power(3, -2) == 12);
}

TEST_CASE("powers with a tensor as the exponent follow the same conventions in both derivatives") {
  REQUIRE(derivatives_of_pow(0, 0) == std::pair(0.0, 0.0));
  REQUIRE(derivatives_of_pow(0, 1) == std::pair(1.0, 0.0));
  REQUIRE(derivatives_of_pow(0, 2) == std::pair(0.0, 0.0));
  REQUIRE(derivatives_of_pow(2, 0) == std::pair(0.0, std::log(2.0)));
  REQUIRE(derivatives_of_pow(-3, 2).first == -6);
  REQUIRE(std::isnan(derivatives_of_pow(-3, 2).second));
}

TEST_CASE("values outside the domain give the results of the C library") {
  REQUIRE(log(Array::scalar(0)).item() == -infinity);
  REQUIRE(std::isnan(log(Array::scalar(-1)).item()));
  REQUIRE(std::isnan(sqrt(Array::scalar(-1)).item()));
  REQUIRE(std::isnan(pow(Array::scalar(-1), 0.5).item()));
  REQUIRE(exp(Array::scalar(1000, DType::f64)).item() == infinity);
  REQUIRE(exp(Array::scalar(-1000, DType::f64)).item() == 0);
}

TEST_CASE("maximum and minimum halve the gradient of a tie and propagate NaN") {
  for (const bool is_maximum : {true, false}) {
    const Tensor a = leaf(f32({5}, {1, 2, 3, NAN, 5}));
    const Tensor b = leaf(f32({5}, {3, 2, 1, 4, NAN}));
    const Tensor y = is_maximum ? maximum(a, b) : minimum(a, b);
    const float chosen = is_maximum ? 3 : 1;
    require_equal(y.array(), f32({5}, {chosen, 2, chosen, NAN, NAN}));
    // Infinite where it is not selected, so it must not matter.
    y.backward(f32({5}, {INFINITY, 8, INFINITY, 1, 1}), {});
    const float first = is_maximum ? 0 : INFINITY;
    const float third = is_maximum ? INFINITY : 0;
    require_equal(a.grad().array(), f32({5}, {first, 4, third, 1, 1}));
    require_equal(b.grad().array(), f32({5}, {third, 4, first, 1, 1}));
  }
}

TEST_CASE("abs has the derivative 0 at 0") {
  const Tensor x = leaf(f32({4}, {0, -0.0F, -2, NAN}));
  sum(abs(x)).backward();
  require_equal(x.grad().array(), f32({4}, {0, 0, -1, NAN}));
}

TEST_CASE("clamp passes the gradient between its bounds and at them") {
  const Tensor x = leaf(f32({6}, {-2, -1, 0, 1, 2, NAN}));
  const Tensor y = clamp(x, -1, 1);
  require_equal(y.array(), f32({6}, {-1, -1, 0, 1, 1, NAN}));
  sum(y).backward();
  require_equal(x.grad().array(), f32({6}, {0, 1, 1, 1, 0, 0}));
  require_equal(clamp(x, {}, 0).array(), f32({6}, {-2, -1, 0, 0, 0, NAN}));
  require_equal(clamp(x, 0).array(), f32({6}, {0, 0, 0, 1, 2, NAN}));
  require_equal(clamp(x.detach(), 3, 1).array(), f32({6}, {1, 1, 1, 1, 1, NAN}));
}

TEST_CASE("accumulate adds in place when the memory is not shared") {
  Array sum = Array::full({2, 2, 2, 2}, 1);
  const float* memory = sum.data<float>();
  accumulate(sum, Array::full({2, 2, 2, 2}, 2, DType::f32, MemoryFormat::channels_last));
  REQUIRE(sum.data<float>() == memory);
  require_equal(sum, Array::full({2, 2, 2, 2}, 3));

  const Array onlooker = sum;
  accumulate(sum, Array::full({2, 2, 2, 2}, 4));
  require_equal(sum, Array::full({2, 2, 2, 2}, 7));
  require_equal(onlooker, Array::full({2, 2, 2, 2}, 3));
}

}  // namespace test_arithmetic
