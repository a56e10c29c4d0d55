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

struct Operator {
  std::string name;
  CheckedFunction function;
  std::function<double(double, double)> plain;
};

const std::vector<Operator>& operators() {
  using Inputs = const std::vector<Tensor>&;
  static const std::vector<Operator> all = {{"add", [](Inputs in) { return in[0] + in[1]; }, std::plus<>()},
                                            {"subtract", [](Inputs in) { return in[0] - in[1]; }, std::minus<>()},
                                            {"multiply", [](Inputs in) { return in[0] * in[1]; }, std::multiplies<>()},
                                            {"divide", [](Inputs in) { return in[0] / in[1]; }, std::divides<>()}};
  return all;
}

Array by_plain_loops(const Operator& op, const Array& a, const Array& b) {
  const Shape shape = broadcast_shapes(a.shape(), b.shape(), op.name);
  std::vector<std::int64_t> index(static_cast<std::size_t>(shape.rank()), 0);
  std::vector<double> result;
  for (std::int64_t i = 0; i < shape.numel(); ++i, advance(index, shape)) {
    result.push_back(op.plain(values_of(a)[broadcast_position(index, a.shape())],
                              values_of(b)[broadcast_position(index, b.shape())]));
  }
  return Array::from(shape, result);
}

}  // namespace

TEST_CASE("arithmetic with broadcasting has right gradients of both orders in both types and formats") {
  Generator random(1);
  for (int i = 0; i < 30; ++i) {
    const Shape whole = random.shape(0, 4, 3);
    const Array a = random.reals(random.one_in(2) ? whole : random.broadcastable(whole));
    // Away from 0 for division.
    const Array b = random.reals(random.broadcastable(whole), 0.5, 2);
    for (const Operator& op : operators()) {
      INFO(op.name);
      require_equal(op.function({a, b}).array(), by_plain_loops(op, a, b));
      // A gradient is a sum of up to 81 terms, in an order that depends on the format.
      require_operator(op.function, {a, b}, {.f32_tolerance = 1e-5, .format_tolerance = 1e-14});
    }
  }
}

TEST_CASE("arithmetic on an empty batch gives an empty batch and zero gradients") {
  for (const Operator& op : operators()) {
    require_works_on_nothing(op.function, {Array::zeros({0, 3}), Array::full({3}, 2)}, {0, 3});
    require_works_on_nothing(op.function, {Array::zeros({0, 2, 3, 4}), Array::full({2, 1, 1}, 2)}, {0, 2, 3, 4});
  }
}

TEST_CASE("arithmetic names itself when shapes or types do not fit") {
  const Tensor a = Array::zeros({2, 3});
  for (const Operator& op : operators()) {
    REQUIRE_THROWS_AS(op.function({a, Array::zeros({2})}), ShapeError);
    REQUIRE_THROWS_WITH(op.function({a, Array::zeros({2})}),
                        op.name + ": shapes [2, 3] and [2] do not broadcast: 3 and 2 at axis 1 from the end");
    REQUIRE_THROWS_AS(op.function({a, Array::zeros({3}, DType::f64)}), DTypeError);
    REQUIRE_THROWS_WITH(op.function({a, Array::zeros({3}, DType::f64)}),
                        op.name + ": expected one dtype, got f32[2, 3] and f64[3]\nhint: convert with to(DType)");
    REQUIRE_THROWS_WITH(op.function({a, Array::zeros({3}, DType::i64)}), op.name + ": expected f32 or f64, got i64");
    REQUIRE_THROWS_AS(op.function({a, Tensor()}), ValueError);
  }
  REQUIRE_THROWS_WITH(negate(Array::zeros({2}, DType::u8)), "negate: expected f32 or f64, got u8");
}

TEST_CASE("a number takes the type of the tensor beside it") {
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

TEST_CASE("negate has right gradients") {
  Generator random(2);
  const CheckedFunction function = [](const std::vector<Tensor>& in) { return -in[0]; };
  for (int i = 0; i < 30; ++i) {
    require_operator(function, {random.reals(random.shape(0, 4, 4))}, {.gradients = linear_in_each});
  }
  require_works_on_nothing(function, {Array::zeros({0, 4})}, {0, 4});
}

TEST_CASE("one tensor on both sides gets both gradients") {
  const Tensor x = leaf(f32({2}, {3, -2}));
  (x * x + x / x - (x - x)).backward(f32({2}, {1, 10}), {});
  require_equal(x.grad().array(), f32({2}, {6, -40}));
}

TEST_CASE("division by zero gives infinity and NaN as numbers do") {
  const Array result = (f32({3}, {1, -1, 0}) / Tensor(Array::zeros({3}))).array();
  REQUIRE(result.at({0}) == std::numeric_limits<double>::infinity());
  REQUIRE(result.at({1}) == -std::numeric_limits<double>::infinity());
  REQUIRE(std::isnan(result.at({2})));
}

TEST_CASE("accumulate adds in place when nothing else sees the memory") {
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
