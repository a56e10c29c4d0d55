#include <cstdint>
#include <vector>

#include <tapestry/autograd/ops/arithmetic.hpp>
#include <tapestry/autograd/ops/shape.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

using namespace tapestry;
using namespace tapestry::testing;

namespace {

using Inputs = const std::vector<Tensor>&;

constexpr OperatorCheck linear = {.gradients = linear_in_each, .f32_tolerance = 0, .format_tolerance = 0};

/// Elements [begin, end) along an axis, one by one.
Array sliced_plainly(const Array& x, int axis, std::int64_t begin, std::int64_t end) {
  std::vector<double> result;
  std::vector<std::int64_t> index(static_cast<std::size_t>(x.rank()), 0);
  for (const double value : values_of(x)) {
    const std::int64_t at = index[static_cast<std::size_t>(axis)];
    if (at >= begin && at < end) result.push_back(value);
    advance(index, x.shape());
  }
  return Array::from(x.shape().with(axis, end - begin), result);
}

}  // namespace

TEST_CASE("reshape and flatten keep the row-major order and have right gradients") {
  Generator random(1);
  for (int i = 0; i < 30; ++i) {
    const Array x = random.reals(random.shape(1, 4, 4));
    const std::int64_t first = x.size(0);
    require_operator([&](Inputs in) { return reshape(in[0], {-1, first}); }, {x}, linear);
    REQUIRE(reshape(x, {-1, first}).array().to_vector<double>() == x.to_vector<double>());

    const int begin = random.axis(x.shape());
    const int end = static_cast<int>(random.between(x.shape().checked_axis(begin), x.rank() - 1));
    const Tensor flat = flatten(x, begin, end);
    REQUIRE(flat.rank() == x.rank() - (end - x.shape().checked_axis(begin)));
    REQUIRE(flat.array().to_vector<double>() == x.to_vector<double>());
    require_operator([&](Inputs in) { return flatten(in[0], begin, end); }, {x}, linear);
  }
}

TEST_CASE("flatten joins the axes that it is told to") {
  const Tensor x = Array::zeros({2, 3, 4, 5});
  REQUIRE(flatten(x).shape() == Shape{120});
  REQUIRE(flatten(x, 1).shape() == Shape{2, 60});
  REQUIRE(flatten(x, 1, 2).shape() == Shape{2, 12, 5});
  REQUIRE(flatten(x, -2, -1).shape() == Shape{2, 3, 20});
  REQUIRE(flatten(x, 2, 2).shape() == x.shape());
  REQUIRE(flatten(Array::scalar(1)).shape() == Shape{1});
  REQUIRE(flatten(Array::zeros({0, 3, 4}), 1).shape() == Shape{0, 12});
  REQUIRE_THROWS_AS(flatten(x, 2, 1), ShapeError);
  REQUIRE_THROWS_WITH(flatten(x, -1, 1), "flatten: axis -1 comes after axis 1 in [2, 3, 4, 5]");
  REQUIRE_THROWS_WITH(flatten(x, 4), "shape: no axis 4 in [2, 3, 4, 5] of rank 4");
}

TEST_CASE("slices along any axis are those of plain loops and have right gradients") {
  Generator random(2);
  for (int i = 0; i < 50; ++i) {
    const Array x = random.reals(random.shape(1, 4, 5));
    const int axis = random.axis(x.shape());
    const std::int64_t begin = random.between(0, x.size(axis) - 1);
    const std::int64_t end = random.between(begin + 1, x.size(axis));
    INFO("axis " << axis << " from " << begin << " to " << end);
    const CheckedFunction function = [&](Inputs in) { return slice(in[0], axis, begin, end); };
    require_equal(function({x}).array(), sliced_plainly(x, x.shape().checked_axis(axis), begin, end));
    require_operator(function, {x}, linear);
  }
}

TEST_CASE("the gradient of a slice is zero outside it") {
  const Tensor x = leaf(Array::full({2, 4}, 1));
  slice(x, 1, 1, 3).backward(f32({2, 2}, {1, 2, 3, 4}), {});
  require_equal(x.grad().array(), f32({2, 4}, {0, 1, 2, 0, 0, 3, 4, 0}));
}

TEST_CASE("an empty slice is empty and one that is not within its axis is refused") {
  require_works_on_nothing([](Inputs in) { return slice(in[0], 1, 2, 2); }, {Array::zeros({3, 4})}, {3, 0});
  require_works_on_nothing([](Inputs in) { return slice(in[0], 1, 1, 3); }, {Array::zeros({0, 4})}, {0, 2});
  const Tensor x = Array::zeros({2, 4});
  REQUIRE_THROWS_AS(slice(x, 1, 2, 5), ShapeError);
  REQUIRE_THROWS_WITH(slice(x, -1, 2, 5), "slice: [2, 5) is not within axis -1 of [2, 4]");
  REQUIRE_THROWS_AS(slice(x, 0, -1, 1), ShapeError);
  REQUIRE_THROWS_AS(slice(x, 0, 2, 1), ShapeError);
}

TEST_CASE("cat joins tensors along any axis and slices take them apart again") {
  Generator random(3);
  for (int i = 0; i < 40; ++i) {
    const Shape shape = random.shape(1, 4, 4);
    const int axis = random.axis(shape);
    std::vector<Array> parts;
    for (std::int64_t part = random.between(1, 4); part > 0; --part) {
      parts.push_back(random.reals(shape.with(axis, random.between(1, 4))));
    }
    INFO("axis " << axis);
    const CheckedFunction function = [&](Inputs in) { return cat(in, axis); };
    const Array whole = function({parts.begin(), parts.end()}).array();
    std::int64_t begin = 0;
    for (const Array& part : parts) {
      require_equal(sliced_plainly(whole, shape.checked_axis(axis), begin, begin + part.size(axis)), part);
      begin += part.size(axis);
    }
    REQUIRE(whole.size(axis) == begin);
    require_operator(function, parts, linear);
  }
}

TEST_CASE("cat takes empty tensors and whole numbers") {
  require_works_on_nothing([](Inputs in) { return cat(in, 1); }, {Array::zeros({0, 2}), Array::zeros({0, 3})}, {0, 5});
  const Tensor some = Array::full({2, 3}, 1);
  REQUIRE(cat({some, Array::zeros({0, 3}), some}, 0).shape() == Shape{4, 3});
  REQUIRE(cat({Array::full({1}, 7, DType::i64), Array::full({1}, 8, DType::i64)}).array().to_vector<std::int64_t>() ==
          std::vector<std::int64_t>{7, 8});
}

TEST_CASE("cat names the tensor that does not fit") {
  const Tensor x = Array::zeros({2, 3});
  REQUIRE_THROWS_AS(cat({}), ShapeError);
  REQUIRE_THROWS_WITH(cat({}), "cat: expected at least one tensor, got none");
  REQUIRE_THROWS_WITH(cat({x, x, Array::zeros({3, 3})}, 1),
                      "cat: along axis 1 of [2, 3] tensor 2 does not fit: [3, 3]");
  REQUIRE_THROWS_WITH(cat({x, Array::zeros({2})}), "cat: along axis 0 of [2, 3] tensor 1 does not fit: [2]");
  REQUIRE_THROWS_AS(cat({x, Array::zeros({2, 3}, DType::f64)}), DTypeError);
  REQUIRE_THROWS_WITH(cat({x, Array::zeros({2, 3}, DType::f64)}),
                      "cat: expected one dtype, got f32[2, 3] and, as tensor 1, f64[2, 3]");
  REQUIRE_THROWS_AS(cat({x, x}, 2), ShapeError);
}

TEST_CASE("cat of one tensor with itself gives it both gradients") {
  const Tensor x = leaf(Array::full({2}, 1));
  cat({x, x}).backward(f32({4}, {1, 2, 30, 40}), {});
  require_equal(x.grad().array(), f32({2}, {31, 42}));
}

TEST_CASE("transpose swaps the axes of a matrix and has right gradients") {
  Generator random(4);
  for (int i = 0; i < 30; ++i) {
    const Array x = random.reals(random.shape(2, 2, 7));
    const Array result = transpose(x).array();
    REQUIRE(result.shape() == Shape{x.size(1), x.size(0)});
    for (std::int64_t row = 0; row < x.size(0); ++row) {
      for (std::int64_t column = 0; column < x.size(1); ++column) {
        REQUIRE(result.at({column, row}) == x.at({row, column}));
      }
    }
    require_operator([](Inputs in) { return transpose(in[0]); }, {x}, linear);
  }
  require_works_on_nothing([](Inputs in) { return transpose(in[0]); }, {Array::zeros({0, 3})}, {3, 0});
  REQUIRE_THROWS_AS(transpose(Array::zeros({2, 3, 4})), ShapeError);
  REQUIRE_THROWS_WITH(transpose(Array::zeros({2, 3, 4})), "transpose: expected a matrix of rank 2, got [2, 3, 4]");
}

TEST_CASE("a reshape that does not fit names both shapes") {
  REQUIRE_THROWS_AS(reshape(Array::zeros({2, 3}), {4, -1}), ShapeError);
  REQUIRE_THROWS_WITH(reshape(Array::zeros({2, 3}), {4, -1}), "reshape: [2, 3] has 6 elements, [4, -1] does not");
  require_works_on_nothing([](Inputs in) { return reshape(in[0], {3, -1}); }, {Array::zeros({0, 3})}, {3, 0});
}
