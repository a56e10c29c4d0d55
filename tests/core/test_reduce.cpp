#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include <tapestry/core/error.hpp>
#include <tapestry/core/reduce.hpp>

#include "core/generate.hpp"
#include "kernels/execution.hpp"

namespace test_reduce {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

using Marks = std::array<bool, Shape::max_rank>;

Array summed(const Array& x, const Marks& reduced) {
  return sum_over(x, std::span<const bool>(reduced.data(), static_cast<std::size_t>(x.rank())));
}

Array summed_plainly(const Array& x, const Shape& shape) {
  std::vector<double> sums(static_cast<std::size_t>(shape.numel()), 0);
  const auto values = values_of(x);
  std::vector<std::int64_t> index(static_cast<std::size_t>(x.rank()), 0);
  for (std::size_t i = 0; i < values.size(); ++i, advance(index, x.shape())) {
    sums[broadcast_position(index, shape)] += values[i];
  }
  return Array::from(shape, sums).to(x.dtype());
}

Shape kept(const Shape& shape, const Marks& reduced) {
  Shape result = shape;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (reduced[static_cast<std::size_t>(axis)]) result = result.with(axis, 1);
  }
  return result;
}

}  // namespace

// Integers: any order of summation gives the same bits.
TEST_CASE("sums over any axes equal plain loops in either format and type") {
  Generator random(1);
  for (int i = 0; i < 150; ++i) {
    const Shape shape = random.shape(0, 5, 5);
    Marks reduced{};
    for (bool& mark : reduced) mark = random.one_in(2);
    const Array x = random.integers(shape, random.one_in(2) ? DType::f32 : DType::f64);
    INFO(to_string(x) << " to " << to_string(kept(shape, reduced)));
    const Array wanted = summed_plainly(x, kept(shape, reduced));
    require_equal(summed(x, reduced), wanted);
    const Array of_image = summed(in_channels_last(x), reduced);
    REQUIRE(of_image.format() == in_channels_last(x).format());
    require_equal(of_image, wanted);
  }
}

TEST_CASE("sums are correct when they are divided into pieces") {
  Generator random(2);
  const std::vector<std::pair<Shape, Marks>> cases = {{{50'001}, {true}},
                                                      {{3, 40'003}, {false, true}},
                                                      {{40'003, 3}, {true, false}},
                                                      {{7, 5000, 3}, {false, true, false}},
                                                      {{3, 20'000}, {true, false}},
                                                      {{9, 17, 31, 13}, {true, false, true, true}},
                                                      {{300, 70, 5}, {true, false, true}}};
  for (const auto& [shape, reduced] : cases) {
    const Array x = random.integers(shape);
    INFO(to_string(x) << " to " << to_string(kept(shape, reduced)));
    const Array wanted = summed_plainly(x, kept(shape, reduced));
    REQUIRE(values_of(summed(x, reduced)) == values_of(wanted));
    REQUIRE(values_of(summed(in_channels_last(x), reduced)) == values_of(wanted));
  }
}

TEST_CASE("sums have the same bits at any number of threads") {
  const ThreadCount one(1);
  Generator random(3);
  const Array x = random.reals({64, 3000}).to(DType::f32);
  const auto wanted = values_of(summed(x, {true, true}));
  const auto wanted_columns = values_of(summed(x, {true, false}));
  for (int threads = 2; threads <= 4; ++threads) {
    set_num_threads(threads);
    REQUIRE(values_of(summed(x, {true, true})) == wanted);
    REQUIRE(values_of(summed(x, {true, false})) == wanted_columns);
  }
}

// In f32 the ones would be lost beside 2^24.
TEST_CASE("a sum of f32 accumulates in double precision") {
  Array x = Array::full({1001}, 1);
  x.mutable_data<float>()[0] = 0x1p24F;
  REQUIRE(summed(x, {true}).item() == 0x1p24 + 1000);
}

TEST_CASE("a sum over an empty axis is zero and a sum of an empty array is empty") {
  REQUIRE(values_of(summed(Array::zeros({0, 3}), {true, false})) == std::vector<double>{0, 0, 0});
  REQUIRE(values_of(summed(Array::zeros({2, 0, 3}), {false, true, false})) == std::vector<double>(6, 0));
  REQUIRE(summed(Array::zeros({0, 3}), {false, true}).shape() == Shape{0, 1});
  REQUIRE(summed(Array::zeros({0}), {true}).item() == 0);
  REQUIRE(
      summed(Array::zeros({0, 3, 4, 5}, DType::f32, MemoryFormat::channels_last), {true, false, true, true}).shape() ==
      Shape{1, 3, 1, 1});
}

TEST_CASE("NaN and infinity affect the sums they are part of and no others") {
  Array x = Array::full({3, 4}, 1);
  x.mutable_data<float>()[5] = std::numeric_limits<float>::quiet_NaN();
  x.mutable_data<float>()[11] = std::numeric_limits<float>::infinity();
  const auto rows = values_of(summed(x, {false, true}));
  REQUIRE(rows[0] == 4);
  REQUIRE(std::isnan(rows[1]));
  REQUIRE(rows[2] == std::numeric_limits<double>::infinity());
}

TEST_CASE("sum_to undoes broadcasting") {
  Generator random(4);
  for (int i = 0; i < 100; ++i) {
    const Shape shape = random.shape(0, 5, 4);
    const Shape to = random.broadcastable(shape);
    const Array x = random.integers(shape);
    INFO(to_string(x) << " to " << to_string(to));
    require_equal(sum_to(x, to), summed_plainly(x, to));
    require_equal(sum_to(in_channels_last(x), to), summed_plainly(x, to));
  }
}

TEST_CASE("sum_to rejects a shape that does not broadcast back") {
  REQUIRE_THROWS_AS(sum_to(Array::zeros({2, 3}), {3, 2}), ShapeError);
  REQUIRE_THROWS_WITH(sum_to(Array::zeros({2, 3}), {3, 2}), "sum_to: [3, 2] does not broadcast to [2, 3]");
  REQUIRE_THROWS_WITH(sum_to(Array::zeros({2, 3}), {6}), "sum_to: [6] does not broadcast to [2, 3]");
  REQUIRE_THROWS_WITH(sum_to(Array::zeros({3}), {1, 3}), "sum_to: [1, 3] does not broadcast to [3]");
  REQUIRE_THROWS_WITH(sum_to(Array::zeros({1, 3}), {2, 3}), "sum_to: [2, 3] does not broadcast to [1, 3]");
}

TEST_CASE("sums require floating types") {
  REQUIRE_THROWS_AS(summed(Array::zeros({2}, DType::i64), {true}), DTypeError);
  REQUIRE_THROWS_WITH(summed(Array::zeros({2}, DType::i64), {true}), "sum: expected f32 or f64, got i64");
}

}  // namespace test_reduce
