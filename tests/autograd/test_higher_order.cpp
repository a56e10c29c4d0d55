#include <cmath>
#include <functional>
#include <vector>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

namespace test_higher_order {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

constexpr BackwardOptions recorded = {.create_graph = true};

/// The value of a function of one number and its first three derivatives.
std::vector<double> derivatives(const std::function<Tensor(const Tensor&)>& function, double at) {
  const Tensor x = leaf(Array::scalar(at, DType::f64));
  Tensor y = function(x);
  std::vector<double> result = {y.item()};
  for (int order = 1; order <= 3; ++order) {
    y = grad(y, {x}, {}, recorded)[0];
    result.push_back(y.item());
  }
  return result;
}

}  // namespace

TEST_CASE("the derivatives of the fourth power up to the third order are exact") {
  const std::vector<double> wanted = {81, 4 * 27, 12 * 9, 24 * 3};
  REQUIRE(derivatives([](const Tensor& x) { return x * x * x * x; }, 3) == wanted);
  REQUIRE(derivatives([](const Tensor& x) { return (x * x) * (x * x); }, 3) == wanted);
  REQUIRE(derivatives([](const Tensor& x) { return pow(x, 4); }, 3) == wanted);
}

TEST_CASE("exp is its own derivative to any order") {
  const double e2 = std::exp(2.0);
  REQUIRE(derivatives([](const Tensor& x) { return exp(x); }, 2) == std::vector<double>{e2, e2, e2, e2});
}

TEST_CASE("the derivatives of log and sqrt and a quotient up to the third order are correct") {
  // Powers of two: exact.
  REQUIRE(derivatives([](const Tensor& x) { return log(x); }, 1) == std::vector<double>{0, 1, -1, 2});
  REQUIRE(derivatives([](const Tensor& x) { return 1 / x; }, 2) == std::vector<double>{0.5, -0.25, 0.25, -0.375});
  REQUIRE(derivatives([](const Tensor& x) { return sqrt(x); }, 4) ==
          std::vector<double>{2, 0.25, -1.0 / 32, 3.0 / 256});
}

TEST_CASE("mixed derivatives do not depend on their order") {
  const Tensor x = leaf(Array::scalar(2, DType::f64)), y = leaf(Array::scalar(3, DType::f64));
  const Tensor z = x * x * y * y * y;
  const auto first = grad(z, {x, y}, {}, recorded);
  REQUIRE(grad(first[0], {y}, {}, recorded)[0].item() == 2 * 2 * 3 * 9);
  REQUIRE(grad(first[1], {x}, {}, recorded)[0].item() == 2 * 2 * 3 * 9);
}

TEST_CASE("backward with create_graph leaves gradients that can be differentiated") {
  Tensor x = leaf(Array::scalar(3, DType::f64));
  (x * x * x).backward({}, recorded);
  const Tensor first = x.grad();
  REQUIRE(first.item() == 27);
  REQUIRE(first.requires_grad());
  x.set_grad({});
  first.backward();
  REQUIRE(x.grad().item() == 18);
  REQUIRE_FALSE(x.grad().requires_grad());
}

TEST_CASE("gradients have no history without create_graph") {
  const Tensor x = leaf(Array::scalar(3, DType::f64));
  const Tensor first = grad(x * x * x, {x})[0];
  REQUIRE_FALSE(first.requires_grad());
  REQUIRE_THROWS_AS(grad(first, {x}), GradError);
}

TEST_CASE("a gradient penalty can be trained like any loss") {
  // ‖∇ Σ xᵢ³‖² = Σ 9 xᵢ⁴, whose derivative is 36 xᵢ³.
  const Tensor x = leaf(f64({3}, {1, -2, 0.5}));
  const Tensor gradient = grad(sum(x * x * x), {x}, {}, recorded)[0];
  sum(gradient * gradient).backward();
  require_equal(x.grad().array(), f64({3}, {36, -288, 4.5}));
}

// A central difference over 2ε = 2e-5 is off by ε² / 6 times a fourth derivative below 100, and by rounding of 1e-16 /
// ε.
TEST_CASE("products with the Hessian of a small network are differences of its gradients") {
  Generator random(1);
  const Array x = random.reals({5, 4});
  const Array labels = Array::from(Shape{5}, std::vector<std::int64_t>{0, 2, 1, 1, 0});
  const std::vector<Array> weights = {random.reals({6, 4}), random.reals({6}), random.reals({3, 6}), random.reals({3})};
  std::vector<Array> direction;
  for (const Array& weight : weights) direction.push_back(random.reals(weight.shape()));

  const auto leaves_at = [&](double step) {
    std::vector<Tensor> leaves;
    for (std::size_t i = 0; i < weights.size(); ++i)
      leaves.push_back(leaf((weights[i] + Tensor(direction[i]) * step).array()));
    return leaves;
  };
  const auto gradients_at = [&](const std::vector<Tensor>& w, const BackwardOptions& options) {
    const Tensor hidden = log(exp(linear(x, w[0], w[1])) + 1);
    return grad(cross_entropy(linear(hidden, w[2], w[3]), labels, {.label_smoothing = 0.1}), w, {}, options);
  };

  const std::vector<Tensor> here = leaves_at(0);
  const auto gradients = gradients_at(here, recorded);
  Tensor projected = Array::scalar(0, DType::f64);
  for (std::size_t i = 0; i < here.size(); ++i) projected = projected + sum(gradients[i] * direction[i]);
  const auto products = grad(projected, here);

  constexpr double step = 1e-5;
  const auto above = gradients_at(leaves_at(step), {});
  const auto below = gradients_at(leaves_at(-step), {});
  for (std::size_t i = 0; i < here.size(); ++i) {
    require_close(products[i].array(), ((above[i] - below[i]) / (2 * step)).array(), 1e-8);
  }
}

}  // namespace test_higher_order
