#include <vector>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

namespace test_hooks {

using namespace tapestry;
using namespace tapestry::testing;

TEST_CASE("a hook is called once with the complete gradient of its tensor") {
  const Tensor x = leaf(Array::full({2}, 3));
  std::vector<std::vector<double>> at_leaf, in_between;
  x.register_hook([&](const Tensor& gradient) {
    at_leaf.push_back(values_of(gradient.array()));
    return Tensor();
  });
  const Tensor y = x * 2;
  y.register_hook([&](const Tensor& gradient) {
    in_between.push_back(values_of(gradient.array()));
    return Tensor();
  });
  sum(y * 5 + y * y + x).backward();
  // 5 + 2y = 17, and twice that plus 1.
  REQUIRE(in_between == std::vector<std::vector<double>>{{17, 17}});
  REQUIRE(at_leaf == std::vector<std::vector<double>>{{35, 35}});
  require_equal(x.grad().array(), Array::full({2}, 35));
}

TEST_CASE("the result of a hook replaces the gradient") {
  const Tensor x = leaf(Array::full({2}, 3));
  const Tensor y = x * 2;
  y.register_hook([](const Tensor& gradient) { return gradient * 10; });
  x.register_hook([](const Tensor& gradient) { return gradient + 1; });
  x.register_hook([](const Tensor& gradient) { return gradient * 2; });
  sum(y).backward();
  // (1 · 10 · 2 + 1) · 2, in the order of registration.
  require_equal(x.grad().array(), Array::full({2}, 42));
  REQUIRE_FALSE(y.grad().defined());
}

TEST_CASE("hooks see the gradients of grad and stay registered for all passes") {
  const Tensor x = leaf(Array::scalar(3));
  int calls = 0;
  x.register_hook([&](const Tensor& gradient) {
    ++calls;
    return gradient * 2;
  });
  REQUIRE(grad(x * 5, {x})[0].item() == 10);
  (x * 5).backward();
  (x * 5).backward();
  REQUIRE(x.grad().item() == 20);
  REQUIRE(calls == 3);
}

TEST_CASE("a hook's own arithmetic is recorded only with the backward pass") {
  const Tensor x = leaf(Array::scalar(3));
  bool recorded = true;
  x.register_hook([&](const Tensor& gradient) {
    recorded = grad_enabled();
    return gradient * gradient;
  });
  (x * x).backward();
  REQUIRE_FALSE(recorded);
  REQUIRE(x.grad().item() == 36);
  // (2x)² has the derivative 8x, which the hook squares again.
  const Tensor first = grad(x * x, {x}, {}, {.create_graph = true})[0];
  REQUIRE(recorded);
  REQUIRE(grad(first, {x})[0].item() == 24 * 24);
}

TEST_CASE("a hook that returns another shape or type is rejected") {
  const Tensor x = leaf(Array::full({2}, 3));
  const Tensor y = x * 2;
  y.register_hook([](const Tensor&) -> Tensor { return Array::zeros({3}); });
  REQUIRE_THROWS_AS(sum(y).backward(), ShapeError);
  const Tensor z = x * 2;
  z.register_hook([](const Tensor&) -> Tensor { return Array::zeros({3}); });
  REQUIRE_THROWS_WITH(sum(z).backward(), "hook: expected a gradient of shape [2], got [3]");
  x.register_hook([](const Tensor&) -> Tensor { return Array::zeros({2}, DType::f64); });
  REQUIRE_THROWS_AS(sum(x).backward(), DTypeError);
  REQUIRE_THROWS_WITH(sum(x).backward(), "hook: expected a gradient of type f32, got f64");
  REQUIRE_FALSE(x.grad().defined());
}

TEST_CASE("a hook requires a tensor that requires a gradient") {
  const auto nothing = [](const Tensor&) { return Tensor(); };
  REQUIRE_THROWS_AS(Tensor(Array::scalar(1)).register_hook(nothing), GradError);
  REQUIRE_THROWS_WITH(Tensor(Array::scalar(1)).register_hook(nothing),
                      "register_hook: the tensor does not require a gradient");
}

TEST_CASE("a hook may run another backward pass") {
  const Tensor x = leaf(Array::scalar(3)), other = leaf(Array::scalar(5));
  const Tensor y = x * x;
  y.register_hook([&](const Tensor&) {
    const GradMode recording(true);
    (other * other).backward();
    return Tensor();
  });
  (y * 2).backward();
  REQUIRE(x.grad().item() == 12);
  REQUIRE(other.grad().item() == 10);
}

}  // namespace test_hooks
