// grad(): gradients of any tensor with respect to any tensor.
#include <string_view>
#include <vector>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

namespace test_grad {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

Tensor scalar(double value) {
  return leaf(Array::scalar(value, DType::f64));
}

/// The gradients requested from the backward of `Counted`.
struct Asked {
  int calls = 0;
  std::vector<Wanted> wanted;
};

/// a + b, which counts the gradients requested from its backward.
struct Counted {
  static constexpr std::string_view name = "counted";
  Asked* asked_;

  Array forward(const Tensor& a, const Tensor& b) const { return add(a, b).array(); }
  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    ++asked_->calls;
    asked_->wanted.push_back(wanted);
    return {wanted[0] ? gradient : Tensor(), wanted[1] ? gradient : Tensor()};
  }
};

}  // namespace

TEST_CASE("grad returns gradients of leaves and intermediate tensors without changing leaves") {
  const Tensor x = scalar(3);
  const Tensor y = x * x;
  const Tensor z = y * y + x;
  const auto gradients = grad(z, {x, y, z}, {}, {.retain_graph = true});
  REQUIRE(gradients[0].item() == 4 * 27 + 1);
  REQUIRE(gradients[1].item() == 18);
  REQUIRE(gradients[2].item() == 1);
  REQUIRE_FALSE(x.grad().defined());
  REQUIRE_FALSE(gradients[0].requires_grad());
  const auto twice = grad(z, {y, y});
  REQUIRE(twice[0].item() == 18);
  REQUIRE(twice[1].item() == 18);
}

TEST_CASE("grad accepts a seed and returns undefined for unrelated inputs") {
  const Tensor x = leaf(f64({2}, {1, 2})), other = scalar(1);
  const auto gradients = grad(x * x, {x, other, other * 2}, f64({2}, {10, 100}));
  require_equal(gradients[0].array(), f64({2}, {20, 400}));
  REQUIRE_FALSE(gradients[1].defined());
  REQUIRE_FALSE(gradients[2].defined());
  REQUIRE(grad(x * x, {}).empty());
  REQUIRE_FALSE(grad(scalar(1) * 2, {other})[0].defined());
}

TEST_CASE("grad rejects an input that does not require a gradient") {
  const Tensor x = scalar(1), constant = Array::scalar(1, DType::f64);
  REQUIRE_THROWS_AS(grad(x * constant, {x, constant}), GradError);
  REQUIRE_THROWS_WITH(grad(x * constant, {x, constant}), "grad: input 1 does not require a gradient");
}

TEST_CASE("an operator computes only the gradients that its inputs require") {
  Asked asked;
  const Tensor x = scalar(1), constant = Array::scalar(1, DType::f64);
  record(Counted{&asked}, x, constant).backward();
  record(Counted{&asked}, constant, x).backward();
  record(Counted{&asked}, x, x).backward();
  REQUIRE(asked.wanted == std::vector<Wanted>{{true, false}, {false, true}, {true, true}});
  REQUIRE_FALSE(record(Counted{&asked}, constant, constant).requires_grad());
}

TEST_CASE("grad runs only the operators between the output and its inputs") {
  Asked beside, below, between;
  const Tensor x = scalar(1), y = scalar(2), z = scalar(3);
  const Tensor low = record(Counted{&below}, x, y);
  const Tensor side = record(Counted{&beside}, z, z);
  const Tensor top = record(Counted{&between}, low, side);
  REQUIRE(grad(top, {low}, {}, {.retain_graph = true})[0].item() == 1);
  REQUIRE(between.wanted == std::vector<Wanted>{{true, false}});
  REQUIRE(below.calls == 0);
  REQUIRE(beside.calls == 0);

  REQUIRE(grad(top, {y, low}, {}, {.retain_graph = true})[0].item() == 1);
  REQUIRE(below.wanted == std::vector<Wanted>{{false, true}});
  REQUIRE(beside.calls == 0);

  // Nodes that the pass skipped are not released.
  REQUIRE(grad(top, {side})[0].item() == 1);
  REQUIRE(grad(low, {x})[0].item() == 1);
}

}  // namespace test_grad
