#include <stdexcept>
#include <thread>
#include <vector>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/allocator.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

namespace test_tape {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

Tensor scalar(double value) {
  return leaf(Array::scalar(value, DType::f64));
}

}  // namespace

TEST_CASE("a tensor is a constant unless gradient tracking is enabled") {
  const Tensor constant = Array::full({2}, 1);
  REQUIRE_FALSE(constant.requires_grad());
  REQUIRE(constant.is_leaf());
  REQUIRE_FALSE((constant * 2).requires_grad());
  const Tensor x = leaf(Array::full({2}, 1));
  REQUIRE(x.requires_grad());
  REQUIRE(x.is_leaf());
  const Tensor y = x * 2;
  REQUIRE(y.requires_grad());
  REQUIRE_FALSE(y.is_leaf());
  REQUIRE_FALSE(y.detach().requires_grad());
  REQUIRE(y.detach().array().shares_memory_with(y.array()));
  REQUIRE_FALSE(Tensor().defined());
  REQUIRE_THROWS_AS(Tensor().array(), ValueError);
}

TEST_CASE("only floating leaf tensors can require gradients") {
  Tensor whole = Array::zeros({2}, DType::i64);
  REQUIRE_THROWS_AS(whole.set_requires_grad(), DTypeError);
  REQUIRE_THROWS_WITH(whole.set_requires_grad(), "set_requires_grad: expected f32 or f64, got i64");
  Tensor y = scalar(1) * scalar(2);
  REQUIRE_THROWS_AS(y.set_requires_grad(), GradError);
  REQUIRE_THROWS_WITH(
      y.set_requires_grad(false),
      "set_requires_grad: f64[] was computed by multiply; only leaf tensors can be changed\nhint: detach() first");
  Tensor x = scalar(1);
  x.set_requires_grad(false);
  REQUIRE_FALSE((x * 2).requires_grad());
}

TEST_CASE("the gradients of both paths through a diamond add up") {
  const Tensor x = scalar(3);
  const Tensor left = x * x;
  const Tensor right = x * 5;
  (left * right + left).backward();
  // d(5x³ + x²) = 15x² + 2x
  REQUIRE(x.grad().item() == 15 * 9 + 6);
}

TEST_CASE("nested diamonds run every operator once") {
  const Tensor x = scalar(1);
  Tensor y = x;
  // 2^60 paths, 60 operators.
  for (int i = 0; i < 60; ++i) y = y + y;
  y.backward();
  REQUIRE(x.grad().item() == 0x1p60);
}

TEST_CASE("a tensor used a thousand times gets the sum of a thousand gradients") {
  const Tensor x = scalar(2);
  const Tensor shared = x * 3;
  Tensor total = Array::scalar(0, DType::f64);
  double wanted = 0;
  for (int i = 0; i < 1000; ++i) {
    total = total + shared * i;
    wanted += 3.0 * i;
  }
  total.backward();
  REQUIRE(x.grad().item() == wanted);
}

TEST_CASE("tied weights get the sum of the gradients of their uses") {
  Generator random(1);
  const Array value = random.reals({3, 3});
  const Array x = random.reals({2, 3});
  const Tensor tied = leaf(value), first = leaf(value), second = leaf(value);
  sum(linear(linear(x, tied), tied)).backward();
  sum(linear(linear(x, first), second)).backward();
  require_close(tied.grad().array(), (first.grad() + second.grad()).array(), 1e-15);
}

TEST_CASE("backward passes accumulate gradients in leaves until they are cleared") {
  Tensor x = scalar(3);
  (x * x).backward();
  (x * 2).backward();
  REQUIRE(x.grad().item() == 8);
  x.set_grad({});
  REQUIRE_FALSE(x.grad().defined());
  (x * 2).backward();
  REQUIRE(x.grad().item() == 2);
  REQUIRE_THROWS_AS(x.set_grad(Array::zeros({2}, DType::f64)), ShapeError);
  REQUIRE_THROWS_WITH(x.set_grad(Array::zeros({2}, DType::f64)), "set_grad: expected [], got [2]");
  REQUIRE_THROWS_AS(x.set_grad(Array::scalar(1)), DTypeError);
  REQUIRE_THROWS_WITH(x.set_grad(Array::scalar(1)), "set_grad: expected f64[], got f32[]");
}

// Scaling one gradient in place must not scale another one.
TEST_CASE("the gradients of two leaves never share memory with each other or the seed") {
  const Tensor a = leaf(Array::full({3}, 1)), b = leaf(Array::full({3}, 1)), c = leaf(Array::full({3, 1}, 1));
  Array seed = Array::full({3}, 1);
  (a + (b + reshape(c, {3}))).backward(seed, {});
  const std::vector<Array> all = {a.grad().array(), b.grad().array(), c.grad().array(), seed};
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t k = i + 1; k < all.size(); ++k) REQUIRE_FALSE(all[i].shares_memory_with(all[k]));
  }
  seed.fill(7);
  require_equal(a.grad().array(), Array::full({3}, 1));
}

TEST_CASE("gradients are passed on and accumulated without copies") {
  const auto allocations = [](const Tensor& loss) {
    const auto before = Allocator::instance().statistics().allocations;
    loss.backward();
    return Allocator::instance().statistics().allocations - before;
  };
  const Tensor x = leaf(Array::full({2, 3}, 1)), y = leaf(Array::full({6}, 1));
  const Tensor two = Array::full({2, 3}, 2);
  const auto straight = allocations(sum(x * two));
  REQUIRE(straight > 0);
  REQUIRE(allocations(sum(reshape(y, {2, 3}) * two)) == straight);

  const float* memory = x.grad().array().data<float>();
  sum(x * two).backward();
  REQUIRE(x.grad().array().data<float>() == memory);
  require_equal(x.grad().array(), Array::full({2, 3}, 4));
}

TEST_CASE("a gradient that is referenced elsewhere is not modified in place") {
  const Tensor x = leaf(Array::full({3}, 1));
  sum(x).backward();
  const Array seen = x.grad().array();
  sum(x).backward();
  require_equal(seen, Array::full({3}, 1));
  require_equal(x.grad().array(), Array::full({3}, 2));
}

TEST_CASE("an unused parameter has no gradient") {
  const Tensor used = scalar(1), unused = scalar(1);
  (used * 2).backward();
  REQUIRE_FALSE(unused.grad().defined());
}

TEST_CASE("backward rejects a tensor without history") {
  const Tensor x = Array::scalar(1);
  REQUIRE_THROWS_AS(x.backward(), GradError);
  REQUIRE_THROWS_WITH(x.backward(), "backward: f32[] does not require a gradient and has no history");
}

TEST_CASE("backward of more than one element requires a matching seed") {
  const Tensor x = leaf(Array::full({2, 3}, 1));
  const Tensor y = x * 2;
  REQUIRE_THROWS_AS(y.backward(), GradError);
  REQUIRE_THROWS_WITH(y.backward(),
                      "backward: f32[2, 3] is not a scalar\nhint: pass the gradient of the output as a seed");
  REQUIRE_THROWS_AS(y.backward(Array::zeros({3, 2}), {}), ShapeError);
  REQUIRE_THROWS_WITH(y.backward(Array::zeros({3, 2}), {}), "backward: expected a seed of shape [2, 3], got [3, 2]");
  REQUIRE_THROWS_AS(y.backward(Array::zeros({2, 3}, DType::f64), {}), DTypeError);
  REQUIRE_THROWS_WITH(y.backward(Array::zeros({2, 3}, DType::f64), {}),
                      "backward: expected a seed of type f32, got f64");
  REQUIRE_FALSE(x.grad().defined());
  y.backward(Array::full({2, 3}, 5), {});
  require_equal(x.grad().array(), Array::full({2, 3}, 10));
}

TEST_CASE("one element of any rank needs no seed and backward of a leaf gives it the gradient 1") {
  const Tensor x = leaf(Array::full({1, 1}, 4));
  (x * 3).backward();
  require_equal(x.grad().array(), Array::full({1, 1}, 3));
  const Tensor y = scalar(4);
  y.backward();
  REQUIRE(y.grad().item() == 1);
}

TEST_CASE("a second backward pass is rejected unless the first retained the graph") {
  const Tensor x = scalar(3);
  const Tensor y = x * x;
  const Tensor z = y + 1;
  z.backward({}, {.retain_graph = true});
  z.backward();
  REQUIRE(x.grad().item() == 12);
  REQUIRE_THROWS_AS(z.backward(), GradError);
  REQUIRE_THROWS_WITH(y.backward(),
                      "multiply: the values saved for backward have been freed by an earlier backward pass\n"
                      "hint: pass retain_graph = true to all passes but the last");
  REQUIRE(x.grad().item() == 12);
}

TEST_CASE("NoGradGuard disables recording and an exception restores it") {
  const Tensor x = scalar(1);
  {
    const NoGradGuard guard;
    REQUIRE_FALSE(grad_enabled());
    REQUIRE_FALSE((x * 2).requires_grad());
    {
      const GradMode recording(true);
      REQUIRE((x * 2).requires_grad());
    }
    REQUIRE_FALSE(grad_enabled());
  }
  REQUIRE(grad_enabled());
  try {
    const NoGradGuard guard;
    throw std::runtime_error("on the way");
  } catch (const std::runtime_error&) {
  }
  REQUIRE(grad_enabled());
  REQUIRE((x * 2).requires_grad());
}

TEST_CASE("recording is enabled and disabled per thread") {
  const NoGradGuard guard;
  bool recorded = false;
  std::thread([&] { recorded = (scalar(1) * 2).requires_grad(); }).join();
  REQUIRE(recorded);
  REQUIRE_FALSE(grad_enabled());
}

TEST_CASE("threads record and run independent tapes concurrently") {
  std::vector<double> gradients(4, 0);
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    workers.emplace_back([i, &gradients] {
      for (int round = 0; round < 50; ++round) {
        const Tensor x = scalar(static_cast<double>(i));
        Tensor y = x;
        for (int k = 0; k < 20; ++k) y = y * 1 + x;
        y.backward();
        gradients[i] += x.grad().item();
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  REQUIRE(gradients == std::vector<double>(4, 50 * 21));
}

}  // namespace test_tape
