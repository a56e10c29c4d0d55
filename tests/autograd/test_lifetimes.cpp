// Accessors of temporary tensors return values, not references into them.
#include <type_traits>
#include <utility>

#include <tapestry/autograd/node.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/tensor.hpp>

#include "catch.hpp"

namespace test_lifetimes {

using namespace tapestry;

namespace {

static_assert(std::is_same_v<decltype(std::declval<const Tensor&>().array()), const Array&>);
static_assert(std::is_same_v<decltype(std::declval<const Tensor&>().shape()), const Shape&>);
static_assert(std::is_same_v<decltype(std::declval<const Tensor&>().grad()), const Tensor&>);
static_assert(std::is_same_v<decltype(std::declval<const Tensor&>().node()), const std::shared_ptr<Node>&>);
static_assert(std::is_same_v<decltype(std::declval<Tensor&>().set_requires_grad()), Tensor&>);

static_assert(std::is_same_v<decltype(std::declval<Tensor>().array()), Array>);
static_assert(std::is_same_v<decltype(std::declval<const Tensor>().array()), Array>);
static_assert(std::is_same_v<decltype(std::declval<Tensor>().shape()), Shape>);
static_assert(std::is_same_v<decltype(std::declval<Tensor>().grad()), Tensor>);
static_assert(std::is_same_v<decltype(std::declval<Tensor>().node()), std::shared_ptr<Node>>);
static_assert(std::is_same_v<decltype(std::declval<Tensor>().set_requires_grad()), Tensor>);

}  // namespace

TEST_CASE("the contents of a temporary tensor can be bound to a reference") {
  const Tensor x = Tensor(Array::full({2, 3}, 2)).set_requires_grad();
  REQUIRE(x.requires_grad());
  const Array& y = (x * 3).array();
  REQUIRE(y.at({1, 2}) == 6);
  const Shape& shape = (x * 3).shape();
  REQUIRE(shape == Shape{2, 3});
  REQUIRE(Tensor(x).array().shares_memory_with(x.array()));
  REQUIRE(std::as_const(x).array().at({0, 0}) == 2);
}

}  // namespace test_lifetimes
