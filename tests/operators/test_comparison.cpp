#include <functional>

#include <tapestry/autograd/ops/arithmetic/comparison.hpp>

#include "operators/elementwise.hpp"

namespace test_comparison {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

struct Comparison {
  std::string name;
  Array (*of_tensors)(const Tensor&, const Tensor&);
  Array (*with_number)(const Tensor&, double);
  std::function<bool(double, double)> plain;
};

void check_comparison(const Comparison& op) {
  const auto sample = [&](Generator& random) {
    // Whole numbers, so that there are ties.
    const Shape whole = random.shape(0, 4, 4);
    const Array a = random.integers(random.broadcastable(whole), DType::f64);
    if (random.one_in(3)) {
      const double number = static_cast<double>(random.between(0, 8));
      return Sample{.function = [&, number](Inputs in) { return op.with_number(in[0], number); },
                    .inputs = {a},
                    .expected = mapped(a, [&](double x) { return op.plain(x, number); })};
    }
    const Array b = random.integers(random.broadcastable(whole), DType::f64);
    return Sample{.function = [&](Inputs in) { return op.of_tensors(in[0], in[1]); },
                  .inputs = {a, b},
                  .expected = made_of(broadcast_shapes(a.shape(), b.shape(), "test"), [&](const Index& index) {
                    return op.plain(broadcast_element(a, index), broadcast_element(b, index));
                  })};
  };

  check_operator(
      {.name = op.name,
       .sample = sample,
       .on_empty = {{[&](Inputs in) { return op.of_tensors(in[0], in[1]); },
                     {zeros({0, 3}), zeros({1, 3})},
                     zeros({0, 3})},
                    {[&](Inputs in) { return op.with_number(in[0], 1); }, {zeros({0, 3})}, zeros({0, 3})}},
       .rejections = {rejects<ShapeError>(
                          [&] {
                            return op.of_tensors(zeros({2, 3}), zeros({2}));
                          },
                          op.name + ": shapes [2, 3] and [2] do not broadcast: 3 and 2 at axis 1 from the end"),
                      rejects<DTypeError>(
                          [&] {
                            return op.of_tensors(zeros({2, 3}), zeros({3}, DType::i64));
                          },
                          op.name +
                              ": expected the same dtype, got f32[2, 3] and i64[3]\nhint: convert with to(DType)")},
       .is_differentiable = false,
       .tolerance = 0});
}

}  // namespace

TEST_CASE("operator: eq") {
  check_comparison({.name = "eq", .of_tensors = eq, .with_number = eq, .plain = std::equal_to<>()});
}

TEST_CASE("operator: ne") {
  check_comparison({.name = "ne", .of_tensors = ne, .with_number = ne, .plain = std::not_equal_to<>()});
}

TEST_CASE("operator: lt") {
  check_comparison({.name = "lt", .of_tensors = lt, .with_number = lt, .plain = std::less<>()});
}

TEST_CASE("operator: le") {
  check_comparison({.name = "le", .of_tensors = le, .with_number = le, .plain = std::less_equal<>()});
}

TEST_CASE("operator: gt") {
  check_comparison({.name = "gt", .of_tensors = gt, .with_number = gt, .plain = std::greater<>()});
}

TEST_CASE("operator: ge") {
  check_comparison({.name = "ge", .of_tensors = ge, .with_number = ge, .plain = std::greater_equal<>()});
}

TEST_CASE("only ne holds for comparisons of NaN") {
  const Tensor x = Array::full({2}, NAN);
  for (const Array& mask : {eq(x, x), lt(x, x), le(x, x), gt(x, x), ge(x, x)}) {
    require_equal(mask, Array::zeros({2}, DType::u8));
  }
  require_equal(ne(x, x), Array::full({2}, 1, DType::u8));
}

TEST_CASE("a number is compared in the dtype of a floating tensor and exactly with integers") {
  REQUIRE(eq(Array::full({1}, 0.1), 0.1).at({0}) == 1);
  const Array whole = Array::full({1}, 2, DType::i64);
  REQUIRE(eq(whole, 2).at({0}) == 1);
  REQUIRE(eq(whole, 2.5).at({0}) == 0);
  REQUIRE(lt(whole, 2.5).at({0}) == 1);
  REQUIRE(lt(Array::full({1}, 255, DType::u8), -1).at({0}) == 0);
}

TEST_CASE("operator: where") {
  const auto sample = [](Generator& random) {
    const Shape whole = random.shape(0, 4, 3);
    const Array a = random.reals(random.broadcastable(whole));
    const Array b = random.reals(random.broadcastable(whole));
    const Array mask = gt(random.reals(random.broadcastable(whole)), 0);
    const Shape shape = broadcast_shapes(mask.shape(), broadcast_shapes(a.shape(), b.shape(), "test"), "test");
    const auto choose = [&](const Index& index, double x, double y) {
      return mask.data<std::uint8_t>()[broadcast_position(index, mask.shape())] == 1 ? x : y;
    };
    if (random.one_in(4)) {
      const Shape of_one = broadcast_shapes(mask.shape(), a.shape(), "test");
      const bool is_first = random.one_in(2);
      return Sample{.function = [=](Inputs in) { return is_first ? where(mask, in[0], 7) : where(mask, 7, in[0]); },
                    .inputs = {a},
                    .expected = made_of(of_one,
                                        [&](const Index& index) {
                                          const double x = broadcast_element(a, index);
                                          return choose(index, is_first ? x : 7, is_first ? 7 : x);
                                        }),
                    .options = "with a number"};
    }
    return Sample{.function = [=](Inputs in) { return where(mask, in[0], in[1]); },
                  .inputs = {a, b},
                  .expected = made_of(shape, [&](const Index& index) {
                    return choose(index, broadcast_element(a, index), broadcast_element(b, index));
                  })};
  };
  const Array mask = Array::zeros({2, 3}, DType::u8);
  const Array x = Array::zeros({2, 3});
  // A gradient is a sum of up to 81 terms below 1.
  check_operator(
      {.name = "where",
       .sample = sample,
       .on_empty = {{[](Inputs in) { return where(Array::zeros({3}, DType::u8), in[0], in[1]); },
                     {Array::zeros({0, 3}), Array::zeros({1, 1})},
                     Array::zeros({0, 3})}},
       .rejections = {rejects<DTypeError>([=] { return where(x, x, x); },
                                          "where: expected a mask of type u8, got f32[2, 3]"),
                      rejects<DTypeError>(
                          [=] { return where(mask, x, x.to(DType::f64)); },
                          "where: expected the same dtype, got f32[2, 3] and f64[2, 3]\nhint: convert with to(DType)"),
                      rejects<ShapeError>(
                          [=] { return where(mask, x, Array::zeros({2})); },
                          "where: shapes [2, 3] and [2] do not broadcast: 3 and 2 at axis 1 from the end"),
                      rejects<ShapeError>(
                          [=] {
                            return where(mask, Array::zeros({4, 1}), 0);
                          },
                          "where: shapes [2, 3] and [4, 1] do not broadcast: 2 and 4 at axis 2 from the end")},
       .gradients = linear_in_each,
       .tolerance = 0,
       .f32_tolerance = 1e-5,
       .format_tolerance = 1e-13});
}

TEST_CASE("where passes no gradient to elements that are not selected") {
  const Array mask = Array::from<std::uint8_t>({3}, {1, 0, 1});
  const Tensor a = leaf(f32({3}, {1, NAN, 2}));
  const Tensor b = leaf(f32({3}, {INFINITY, 3, NAN}));
  const Tensor y = where(mask, a, b);
  require_equal(y.array(), f32({3}, {1, 3, 2}));
  y.backward(f32({3}, {INFINITY, NAN, 5}), {});
  require_equal(a.grad().array(), f32({3}, {INFINITY, 0, 5}));
  require_equal(b.grad().array(), f32({3}, {0, NAN, 0}));
  // Integers can be selected too.
  const Array whole = where(mask, Array::full({3}, 7, DType::i64), 2).array();
  REQUIRE(whole.to_vector<std::int64_t>() == std::vector<std::int64_t>{7, 2, 7});
}

}  // namespace test_comparison
