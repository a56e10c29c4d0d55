#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <tapestry/autograd/ops/arithmetic.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

using namespace tapestry;
using namespace tapestry::testing;

namespace {

struct Function {
  std::string name;
  std::function<Tensor(const Tensor&)> function;
  std::function<double(double)> plain;

  CheckedFunction checked() const {
    return [f = function](const std::vector<Tensor>& in) { return f(in[0]); };
  }
};

Function power(double exponent) {
  return {"pow", [exponent](const Tensor& x) { return pow(x, exponent); },
          [exponent](double x) { return std::pow(x, exponent); }};
}

std::vector<Function> functions() {
  std::vector<Function> all = {
      {"exp", [](const Tensor& x) { return exp(x); }, [](double x) { return std::exp(x); }},
      {"log", [](const Tensor& x) { return log(x); }, [](double x) { return std::log(x); }},
      {"sqrt", [](const Tensor& x) { return sqrt(x); }, [](double x) { return std::sqrt(x); }}};
  for (const double exponent : {0.0, 1.0, 2.0, 3.0, 0.5, -1.0, -1.5}) all.push_back(power(exponent));
  return all;
}

double derivative(const Function& function, double at) {
  const Tensor x = leaf(Array::scalar(at, DType::f64));
  function.function(x).backward();
  return x.grad().item();
}

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("exp and log and sqrt and pow have right gradients of both orders in both types and formats") {
  Generator random(1);
  for (int i = 0; i < 30; ++i) {
    const Array x = random.reals(random.shape(0, 4, 3), 0.5, 2);
    for (const Function& function : functions()) {
      INFO(function.name);
      std::vector<double> wanted = values_of(x);
      for (double& value : wanted) value = function.plain(value);
      require_equal(function.function(x).array(), Array::from(x.shape(), wanted));
      require_operator(function.checked(), {x});
    }
  }
}

TEST_CASE("elementwise functions of an empty batch are empty") {
  for (const Function& function : functions()) {
    require_works_on_nothing(function.checked(), {Array::zeros({0, 3, 4, 5})}, {0, 3, 4, 5});
  }
}

TEST_CASE("elementwise functions are of floating types") {
  for (const Function& function : functions()) {
    REQUIRE_THROWS_AS(function.function(Array::zeros({2}, DType::i64)), DTypeError);
    REQUIRE_THROWS_WITH(function.function(Array::zeros({2}, DType::i64)),
                        function.name + ": expected f32 or f64, got i64");
  }
}

TEST_CASE("powers at zero have the derivatives that they should have") {
  REQUIRE(derivative(power(0), 0) == 0);
  REQUIRE(derivative(power(1), 0) == 1);
  REQUIRE(derivative(power(2), 0) == 0);
  REQUIRE(derivative(power(0.5), 0) == infinity);
  REQUIRE(derivative(power(2), -3) == -6);
  REQUIRE(derivative(power(3), -2) == 12);
}

TEST_CASE("values outside the domain give what the C library gives") {
  REQUIRE(log(Array::scalar(0)).item() == -infinity);
  REQUIRE(std::isnan(log(Array::scalar(-1)).item()));
  REQUIRE(std::isnan(sqrt(Array::scalar(-1)).item()));
  REQUIRE(std::isnan(pow(Array::scalar(-1), 0.5).item()));
  REQUIRE(exp(Array::scalar(1000, DType::f64)).item() == infinity);
  REQUIRE(exp(Array::scalar(-1000, DType::f64)).item() == 0);
}
