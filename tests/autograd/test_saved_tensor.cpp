#include <functional>
#include <string>
#include <vector>

#include <tapestry/autograd/node.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/saved_tensor.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

namespace test_saved_tensor {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

std::string overwritten(const std::string& who, const std::string& what, std::uint64_t now, std::uint64_t then) {
  return who + " that was saved for backward has been overwritten: it is at version " + std::to_string(now) +
         ", expected " + std::to_string(then) + "\nhint: change it after backward, or change a " + what;
}

}  // namespace

TEST_CASE("an input changed in place before backward is reported with shape and versions") {
  Array memory = Array::full({2, 3}, 2);
  const Tensor x = leaf(memory), w = leaf(Array::full({2, 3}, 3));
  const Tensor y = x * w;
  const auto version = memory.version();
  memory.fill(5);
  REQUIRE_THROWS_AS(sum(y).backward(), GradError);
  REQUIRE_THROWS_WITH(sum(y).backward(), overwritten("multiply: an input f32[2, 3]", "clone()", version + 1, version));
  REQUIRE_FALSE(w.grad().defined());
}

TEST_CASE("a change through a view is detected") {
  const std::vector<std::function<Array(const Array&)>> views = {
      [](const Array& x) { return x.slice(1, 2); }, [](const Array& x) { return x.reshape({6}); },
      [](const Array& x) {
        return x.slice(0, 1).reshape({3, 1});
      },
      [](const Array& x) {
        return x.reshape({2, 3, 1, 1}).contiguous(MemoryFormat::channels_last);
      }};
  for (const auto& view : views) {
    const Array memory = Array::full({2, 3}, 2);
    const Tensor x = leaf(memory);
    const Tensor y = log(x);
    const auto version = memory.version();
    view(memory).mutable_data<float>()[0] = 7;
    REQUIRE_THROWS_WITH(sum(y).backward(), overwritten("log: an input f32[2, 3]", "clone()", version + 1, version));
  }
}

TEST_CASE("a change of a saved output is detected too") {
  const Tensor x = leaf(Array::full({2}, 1));
  const Tensor y = exp(x);
  Array memory = y.array();
  const auto version = memory.version();
  memory.fill(0);
  REQUIRE_THROWS_WITH(sum(y).backward(), overwritten("exp: the output f32[2]", "clone()", version + 1, version));
}

TEST_CASE("overwriting a value that is not saved is allowed") {
  Array memory = Array::full({2}, 1);
  const Tensor x = leaf(memory);
  const Tensor sums = sum(x + 1);
  // Only the factor that requires a gradient needs the other one.
  const Tensor three = Array::full({2}, 3);
  const Tensor product = sum(three * x + x * three);
  memory.fill(9);
  sums.backward();
  product.backward();
  require_equal(x.grad().array(), Array::full({2}, 7));
}

TEST_CASE("a change after backward is allowed and the next step sees the new value") {
  Array memory = Array::full({2}, 1);
  const Tensor x = leaf(memory);
  for (int step = 1; step <= 3; ++step) {
    sum(x * x).backward();
    memory.fill(step + 1);
  }
  require_equal(x.grad().array(), Array::full({2}, 2 + 4 + 6));
}

TEST_CASE("a second backward pass detects changes made after the first") {
  Array memory = Array::full({2}, 1);
  const Tensor x = leaf(memory);
  const Tensor y = sum(x * x);
  y.backward({}, {.retain_graph = true});
  memory.fill(2);
  REQUIRE_THROWS_AS(y.backward(), GradError);
}

TEST_CASE("a saved tensor counts its bytes for as long as it lives") {
  const auto bytes = [] { return tape_statistics().saved_bytes; };
  const auto before = bytes();
  {
    SavedTensor saved{Tensor(Array::zeros({10, 10}))};
    REQUIRE(bytes() == before + 400);
    SavedTensor moved = std::move(saved);
    REQUIRE(bytes() == before + 400);
    moved = SavedTensor(Tensor(Array::zeros({5}, DType::f64)));
    REQUIRE(bytes() == before + 40);
    const SavedTensor nothing{Tensor()};
    REQUIRE_FALSE(nothing.defined());
    REQUIRE(moved.array().numel() == 5);
  }
  REQUIRE(bytes() == before);
}

TEST_CASE("a saved input keeps its history and a saved output has none of its own") {
  const Tensor x = leaf(Array::full({2}, 1));
  REQUIRE(SavedTensor(x).tensor().requires_grad());
  REQUIRE_FALSE(SavedTensor::output(x.array()).tensor().requires_grad());
}

}  // namespace test_saved_tensor
