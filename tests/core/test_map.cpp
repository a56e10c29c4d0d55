#include <cstdint>
#include <functional>
#include <vector>

#include <tapestry/core/error.hpp>
#include <tapestry/core/map.hpp>

#include "core/generate.hpp"

namespace test_map {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// 100·a + b identifies the two operands of every element, for a and b in [0, 100).
double combine(double a, double b) {
  return 100 * a + b;
}

Array combined(const Array& a, const Array& b) {
  return map<double>(a, b, "combine", combine);
}

/// The same map by the definition of broadcasting.
Array combined_plainly(const Array& a, const Array& b) {
  const Shape shape = broadcast_shapes(a.shape(), b.shape(), "combine");
  const auto values_a = values_of(a);
  const auto values_b = values_of(b);
  std::vector<double> result;
  std::vector<std::int64_t> index(static_cast<std::size_t>(shape.rank()), 0);
  for (std::int64_t i = 0; i < shape.numel(); ++i, advance(index, shape)) {
    result.push_back(
        combine(values_a[broadcast_position(index, a.shape())], values_b[broadcast_position(index, b.shape())]));
  }
  return Array::from(shape, result);
}

Array numbered(const Shape& shape) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < shape.numel(); ++i) values.push_back(static_cast<double>(i % 97));
  return Array::from(shape, values);
}

}  // namespace

TEST_CASE("a map along the plan of one operand repeats its elements") {
  for (const Shape& from : {Shape{}, Shape{1}, Shape{3}, Shape{1, 3}, Shape{2, 1}, Shape{2, 3}, Shape{4, 1, 2, 1, 1}}) {
    for (const Shape& to : {Shape{2, 3}, Shape{4, 5, 2, 2, 3}}) {
      const Array x = numbered(from);
      if (from.rank() > to.rank()) continue;
      INFO(to_string(from) << " to " << to_string(to));
      const Array repeated = map<double>(BroadcastPlan(x, to, MemoryFormat::row_major),
                                         [](double a, double b) { return a == b ? a : -1; });
      require_equal(repeated, map<double>(x, Array::zeros(to, DType::f64), "add", std::plus<>()));
    }
  }
  const Array channels = numbered({2, 3, 1, 1}).contiguous(MemoryFormat::channels_last);
  const Array images = map<double>(BroadcastPlan(channels, {2, 3, 4, 5}, MemoryFormat::channels_last),
                                   [](double a, double) { return a; });
  REQUIRE(images.format() == MemoryFormat::channels_last);
  require_equal(images, map<double>(channels, Array::zeros({2, 3, 4, 5}, DType::f64), "add", std::plus<>()));
}

TEST_CASE("a map of one array keeps shape and format and may change the type") {
  Generator random(1);
  for (int i = 0; i < 30; ++i) {
    const Array x = numbered(random.shape(0, 4, 5));
    for (const Array& in : {x, in_channels_last(x)}) {
      const Array doubled = map<double>(in, [](double value) { return 2 * value; });
      REQUIRE(doubled.format() == in.format());
      const auto values = values_of(x);
      const auto results = values_of(doubled);
      for (std::size_t k = 0; k < values.size(); ++k) REQUIRE(results[k] == 2 * values[k]);
      const Array large = map<double>(in, [](double value) { return static_cast<std::uint8_t>(value > 50 ? 1 : 0); });
      REQUIRE(large.dtype() == DType::u8);
      for (std::size_t k = 0; k < values.size(); ++k) REQUIRE(values_of(large)[k] == (values[k] > 50 ? 1 : 0));
    }
  }
  REQUIRE_THROWS_AS(map<float>(Array::zeros({2}, DType::f64), [](float x) { return x; }), DTypeError);
}

TEST_CASE("a map of two arrays broadcasts like plain loops in all four pairs of formats") {
  Generator random(2);
  for (int i = 0; i < 120; ++i) {
    const Shape whole = random.shape(0, 5, 5);
    const Array a = numbered(random.broadcastable(whole));
    const Array b = numbered(random.one_in(3) ? whole : random.broadcastable(whole));
    INFO(to_string(a) << " with " << to_string(b));
    const Array wanted = combined_plainly(a, b);
    require_equal(combined(a, b), wanted);
    require_equal(combined(in_channels_last(a), b), wanted);
    require_equal(combined(a, in_channels_last(b)), wanted);
    require_equal(combined(in_channels_last(a), in_channels_last(b)), wanted);
    require_equal(combined(b, a), combined_plainly(b, a));
  }
}

TEST_CASE("a map of two arrays is correct when it is divided into pieces") {
  const std::vector<std::pair<Shape, Shape>> pairs = {{{40'000}, {40'000}},          {{40'000}, {}},
                                                      {{200, 201}, {201}},           {{200, 201}, {200, 1}},
                                                      {{2, 3, 101, 103}, {3, 1, 1}}, {{2, 3, 101, 103}, {2, 1, 101, 1}},
                                                      {{101, 1, 50}, {20, 50}}};
  for (const auto& [first, second] : pairs) {
    const Array a = numbered(first);
    const Array b = numbered(second);
    INFO(to_string(a) << " with " << to_string(b));
    const Array wanted = combined_plainly(a, b);
    REQUIRE(values_of(combined(a, b)) == values_of(wanted));
    REQUIRE(values_of(combined(in_channels_last(a), in_channels_last(b))) == values_of(wanted));
  }
}

TEST_CASE("a map over an empty array is empty") {
  REQUIRE(combined(numbered({0, 3}), numbered({3})).shape() == Shape{0, 3});
  REQUIRE(combined(numbered({2, 0}), numbered({2, 1})).shape() == Shape{2, 0});
  REQUIRE(combined(numbered({0, 3, 4, 5}).contiguous(MemoryFormat::channels_last), numbered({3, 1, 1})).shape() ==
          Shape{0, 3, 4, 5});
  REQUIRE(combined(numbered({0}), numbered({})).shape() == Shape{0});
}

TEST_CASE("the result has the format of the operand with the same shape") {
  const auto channels_last = MemoryFormat::channels_last;
  const Array image = numbered({2, 3, 4, 5}).contiguous(channels_last);
  REQUIRE(combined(image, numbered({3, 1, 1})).format() == channels_last);
  REQUIRE(combined(numbered({}), image).format() == channels_last);
  REQUIRE(combined(image, numbered({2, 3, 4, 5})).format() == channels_last);
  REQUIRE(combined(numbered({2, 3, 4, 5}), numbered({5})).format() == MemoryFormat::row_major);

  const auto conversions = format_conversions();
  (void)combined(image, numbered({3, 1, 1}));
  (void)combined(image, image);
  REQUIRE(format_conversions() == conversions);
}

TEST_CASE("shapes that do not broadcast are rejected by name") {
  REQUIRE_THROWS_AS(combined(numbered({2, 3}), numbered({2})), ShapeError);
  REQUIRE_THROWS_WITH(combined(numbered({2, 3}), numbered({2})),
                      "combine: shapes [2, 3] and [2] do not broadcast: 3 and 2 at axis 1 from the end");
}

TEST_CASE("adjacent loops are merged where both operands are contiguous across them") {
  REQUIRE(BroadcastPlan(numbered({2, 3, 4}), numbered({2, 3, 4}), "plan").outer.empty());
  REQUIRE(BroadcastPlan(numbered({2, 3, 4}), numbered({}), "plan").outer.empty());
  const BroadcastPlan bias(numbered({2, 3, 4, 5}), numbered({3, 1, 1}), "plan");
  REQUIRE(bias.outer.size() == 2);
  REQUIRE(bias.inner.size == 20);
  REQUIRE(bias.inner.stride_b == 0);
  const BroadcastPlan rows(numbered({6, 7}), numbered({7}), "plan");
  REQUIRE(rows.outer.size() == 1);
  REQUIRE(rows.outer[0].stride_a == 7);
  REQUIRE(rows.outer[0].stride_b == 0);
}

}  // namespace test_map
