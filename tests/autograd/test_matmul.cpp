#include <cstdint>
#include <vector>

#include <tapestry/autograd/ops/arithmetic.hpp>
#include <tapestry/autograd/ops/conv.hpp>
#include <tapestry/autograd/ops/matmul.hpp>
#include <tapestry/autograd/ops/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/threads.hpp>

#include "autograd/generate.hpp"

using namespace tapestry;
using namespace tapestry::testing;

namespace {

using Inputs = const std::vector<Tensor>&;

constexpr OperatorCheck linear_check = {.gradients = linear_in_each, .f32_tolerance = 2e-6, .format_tolerance = 0};

Array multiplied_plainly(const Array& a, const Array& b) {
  std::vector<double> result;
  for (std::int64_t row = 0; row < a.size(0); ++row) {
    for (std::int64_t column = 0; column < b.size(1); ++column) {
      double sum = 0;
      for (std::int64_t i = 0; i < a.size(1); ++i) sum += a.at({row, i}) * b.at({i, column});
      result.push_back(sum);
    }
  }
  return Array::from({a.size(0), b.size(1)}, result);
}

const CheckedFunction product = [](Inputs in) { return matmul(in[0], in[1]); };
const CheckedFunction affine = [](Inputs in) { return linear(in[0], in[1], in[2]); };
const CheckedFunction without_bias = [](Inputs in) { return linear(in[0], in[1]); };

}  // namespace

// Sums of at most 7 products below 1: off by less than 7 · 7 · 2⁻⁵³ = 6e-15 in any order.
TEST_CASE("matmul is the product of plain loops and has right gradients of both orders") {
  Generator random(1);
  for (int i = 0; i < 35; ++i) {
    const std::int64_t m = random.between(1, 6), k = random.between(1, 7), n = random.between(1, 5);
    const Array a = random.reals({m, k});
    const Array b = random.reals({k, n});
    require_close(product({a, b}).array(), multiplied_plainly(a, b), 1e-14);
    require_operator(product, {a, b}, linear_check);
  }
}

TEST_CASE("linear is x times weight transposed plus bias and has right gradients of both orders") {
  Generator random(2);
  for (int i = 0; i < 35; ++i) {
    const std::int64_t batch = random.between(1, 5), in = random.between(1, 7), out = random.between(1, 6);
    const Array x = random.reals({batch, in});
    const Array weight = random.reals({out, in});
    const Array bias = random.reals({out});
    const Tensor wanted = multiplied_plainly(x, transpose(weight).array());
    require_close(without_bias({x, weight}).array(), wanted.array(), 1e-14);
    require_close(affine({x, weight, bias}).array(), (wanted + bias).array(), 1e-14);
    require_operator(without_bias, {x, weight}, linear_check);
    require_operator(affine, {x, weight, bias}, linear_check);
  }
}

TEST_CASE("products of an empty batch are empty and their weight gradients zero") {
  require_works_on_nothing(product, {Array::zeros({0, 3}), Array::zeros({3, 4})}, {0, 4});
  require_works_on_nothing(product, {Array::zeros({2, 3}), Array::zeros({3, 0})}, {2, 0});
  require_works_on_nothing(affine, {Array::zeros({0, 3}), Array::full({4, 3}, 2), Array::full({4}, 1)}, {0, 4});
  // A product over no inner elements is a sum of nothing.
  require_equal(matmul(Array::zeros({2, 0}), Array::zeros({0, 3})).array(), Array::zeros({2, 3}));
}

TEST_CASE("products take views and give the bits of their copies") {
  Generator random(3);
  const Array whole = random.reals({9, 5});
  const Array weight = random.reals({8, 5});
  const Array part = whole.slice(2, 6);
  require_equal(linear(part, weight.slice(1, 4)).array(), linear(part.clone(), weight.slice(1, 4).clone()).array());
  require_equal(matmul(part, weight.reshape({5, 8})).array(),
                matmul(part.clone(), weight.reshape({5, 8}).clone()).array());
}

TEST_CASE("products name the sizes and types that do not fit") {
  const Tensor x = Array::zeros({2, 3});
  REQUIRE_THROWS_AS(matmul(x, Array::zeros({4, 5})), ShapeError);
  REQUIRE_THROWS_WITH(matmul(x, Array::zeros({4, 5})), "matmul: the inner sizes differ: 3 and 4 ([2, 3] times [4, 5])");
  REQUIRE_THROWS_WITH(matmul(x, Array::zeros({3})), "matmul: expected a matrix of rank 2, got [3]");
  REQUIRE_THROWS_AS(matmul(x, Array::zeros({3, 4}, DType::f64)), DTypeError);
  REQUIRE_THROWS_WITH(matmul(x, Array::zeros({3, 4}, DType::f64)),
                      "matmul: expected one dtype, got f32[2, 3] and f64[3, 4]\nhint: convert with to(DType)");

  const Tensor weight = Array::zeros({4, 3});
  REQUIRE_THROWS_AS(linear(Array::zeros({2, 5}), weight), ShapeError);
  REQUIRE_THROWS_WITH(linear(Array::zeros({2, 5}), weight),
                      "linear: expected 3 input features (weight [4, 3]), got 5 (input [2, 5])");
  REQUIRE_THROWS_WITH(linear(x, weight, Array::zeros({3})),
                      "linear: expected a bias of shape [4] (weight [4, 3]), got [3]");
  REQUIRE_THROWS_WITH(linear(x, weight, Array::zeros({4}, DType::f64)),
                      "linear: expected one dtype, got f32[2, 3] and f64[4]\nhint: convert with to(DType)");
  REQUIRE_THROWS_WITH(linear(Array::zeros({2, 3, 1}), weight),
                      "linear: expected an input (N, in_features) of rank 2, got [2, 3, 1]");
  REQUIRE_THROWS_WITH(linear(x, Array::zeros({3})),
                      "linear: expected a weight (out_features, in_features) of rank 2, got [3]");
}

TEST_CASE("a product is the same bits at any number of threads") {
  const int before = num_threads();
  Generator random(4);
  const std::vector<Array> inputs = {random.reals({150, 40}).to(DType::f32), random.reals({300, 40}).to(DType::f32),
                                     random.reals({300}).to(DType::f32)};
  set_num_threads(1);
  const Evaluation wanted = evaluate(affine, inputs);
  for (int threads = 2; threads <= 4; ++threads) {
    set_num_threads(threads);
    require_close(evaluate(affine, inputs), wanted, 0);
  }
  set_num_threads(before);
}

// Sums of 24 products in different orders.
TEST_CASE("linear equals a convolution whose kernel is as large as the image") {
  Generator random(5);
  const Array x = random.reals({3, 2, 3, 4});
  const Array weight = random.reals({5, 2, 3, 4});
  const Array bias = random.reals({5});
  const Tensor by_conv = conv2d(x, weight, bias);
  REQUIRE(by_conv.shape() == Shape{3, 5, 1, 1});
  require_close(flatten(by_conv, 1).array(), linear(x.reshape({3, 24}), weight.reshape({5, 24}), bias).array(), 1e-14);
}
