#include <cstdint>
#include <vector>

#include <tapestry/autograd/ops/arithmetic.hpp>
#include <tapestry/autograd/ops/reduction.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

using namespace tapestry;
using namespace tapestry::testing;

namespace {

using Inputs = const std::vector<Tensor>&;

/// Sums are added up in another order in the other format.
constexpr OperatorCheck linear = {.gradients = linear_in_each, .f32_tolerance = 1e-6, .format_tolerance = 1e-14};

std::vector<int> some_axes(Generator& random, const Shape& shape) {
  std::vector<int> axes;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (random.one_in(2)) axes.push_back(random.one_in(2) ? axis : axis - shape.rank());
  }
  return axes;
}

struct Reduced {
  Shape kept, dropped;
  std::int64_t count = 1;
};

Reduced reduced(const Shape& shape, const std::vector<int>& axes) {
  Reduced result{.kept = shape, .dropped = {}};
  for (const int axis : axes) {
    result.count *= shape[axis];
    result.kept = result.kept.with(axis, 1);
  }
  std::vector<std::int64_t> rest;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const bool is_gone =
        std::any_of(axes.begin(), axes.end(), [&](int one) { return shape.checked_axis(one) == axis; });
    if (!is_gone) rest.push_back(shape[axis]);
  }
  result.dropped = Shape(std::span<const std::int64_t>(rest));
  return result;
}

Array summed_plainly(const Array& x, const Shape& shape) {
  std::vector<double> sums(static_cast<std::size_t>(shape.numel()), 0);
  const auto values = values_of(x);
  std::vector<std::int64_t> index(static_cast<std::size_t>(x.rank()), 0);
  for (std::size_t i = 0; i < values.size(); ++i, advance(index, x.shape())) {
    sums[broadcast_position(index, shape)] += values[i];
  }
  return Array::from(shape, sums);
}

}  // namespace

TEST_CASE("sums and means over axes are those of plain loops and have right gradients") {
  Generator random(1);
  for (int i = 0; i < 40; ++i) {
    const Array x = random.reals(random.shape(0, 4, 4));
    const auto axes = some_axes(random, x.shape());
    const Reduced shapes = reduced(x.shape(), axes);
    const Array wanted = summed_plainly(x, shapes.kept);
    INFO(to_string(x) << " over " << axes.size() << " axes");
    for (const bool keepdim : {false, true}) {
      const Shape& shape = keepdim ? shapes.kept : shapes.dropped;
      const CheckedFunction sum_axes = [&](Inputs in) { return sum(in[0], axes, keepdim); };
      const CheckedFunction mean_axes = [&](Inputs in) { return mean(in[0], axes, keepdim); };
      require_close(sum_axes({x}).array(), wanted.reshape(shape), 1e-14);
      require_close(
          mean_axes({x}).array(),
          (wanted.reshape(shape) / Tensor(Array::scalar(static_cast<double>(shapes.count), DType::f64))).array(),
          1e-14);
      require_operator(sum_axes, {x}, linear);
      require_operator(mean_axes, {x}, linear);
    }
  }
}

TEST_CASE("sum and mean of everything are scalars") {
  Generator random(2);
  for (int i = 0; i < 30; ++i) {
    const Array x = random.reals(random.shape(0, 4, 4));
    REQUIRE(sum(x).shape() == Shape{});
    require_operator([](Inputs in) { return sum(in[0]); }, {x}, linear);
    require_operator([](Inputs in) { return mean(in[0]); }, {x}, linear);
    require_close(sum(x).array(), summed_plainly(x, {}), 1e-14);
    require_close((mean(x) * static_cast<double>(x.numel())).array(), summed_plainly(x, {}), 1e-14);
  }
}

TEST_CASE("sum_to and broadcast_to are each the adjoint of the other") {
  Generator random(3);
  for (int i = 0; i < 40; ++i) {
    const Shape whole = random.shape(0, 4, 4);
    const Shape part = random.broadcastable(whole);
    const Array x = random.reals(whole);
    const Array y = random.reals(part);
    INFO(to_string(whole) << " and " << to_string(part));
    require_close(sum_to(Tensor(x), part).array(), summed_plainly(x, part), 1e-14);
    require_equal(broadcast_to(y, whole).array(), (y + Tensor(Array::zeros(whole, DType::f64))).array());
    require_operator([&](Inputs in) { return sum_to(in[0], part); }, {x}, linear);
    require_operator([&](Inputs in) { return broadcast_to(in[0], whole); }, {y}, linear);
    if (is_image(part) && part.rank() == whole.rank()) {
      REQUIRE(broadcast_to(in_channels_last(y), whole).array().format() == MemoryFormat::channels_last);
    }
    // ⟨x, broadcast y⟩ = ⟨sum_to x, y⟩; both are sums of up to 256 products below 1.
    require_close(sum(x * broadcast_to(y, whole)).array(), sum(sum_to(Tensor(x), part) * y).array(), 1e-13);
  }
}

TEST_CASE("reductions of an empty batch are zero or empty and a mean of nothing is refused") {
  const Array nothing = Array::zeros({0, 3});
  require_works_on_nothing([](Inputs in) { return sum(in[0]); }, {nothing}, {});
  require_works_on_nothing([](Inputs in) { return sum(in[0], {1}); }, {nothing}, {0});
  require_works_on_nothing([](Inputs in) { return mean(in[0], {1}, true); }, {nothing}, {0, 1});
  require_works_on_nothing([](Inputs in) { return broadcast_to(in[0], {0, 3}); }, {Array::zeros({3})}, {0, 3});
  require_works_on_nothing([](Inputs in) { return sum_to(in[0], {3}); }, {nothing}, {3});
  require_equal(sum(nothing, {0}).array(), Array::zeros({3}));
  REQUIRE_THROWS_AS(mean(nothing), ValueError);
  REQUIRE_THROWS_WITH(mean(nothing), "mean: of no elements (input [0, 3])");
  REQUIRE_THROWS_WITH(mean(nothing, {0}), "mean: of no elements (input [0, 3])");
}

TEST_CASE("reductions name the axis or shape that does not fit") {
  const Tensor x = Array::zeros({2, 3});
  REQUIRE_THROWS_AS(sum(x, {2}), ShapeError);
  REQUIRE_THROWS_WITH(sum(x, {2}), "shape: no axis 2 in [2, 3] of rank 2");
  REQUIRE_THROWS_WITH(sum(x, {0, -2}), "sum: axis -2 of [2, 3] comes twice in [0, -2]");
  REQUIRE_THROWS_WITH(mean(x, {1, 1}), "mean: axis 1 of [2, 3] comes twice in [1, 1]");
  REQUIRE_THROWS_AS(broadcast_to(x, {2}), ShapeError);
  REQUIRE_THROWS_WITH(broadcast_to(x, {2}),
                      "broadcast_to: shapes [2, 3] and [2] do not broadcast: 3 and 2 at axis 1 from the end");
  REQUIRE_THROWS_WITH(broadcast_to(x, {1, 3}), "broadcast_to: [2, 3] does not broadcast to [1, 3]");
  REQUIRE_THROWS_AS(sum_to(x, {3, 2}), ShapeError);
  REQUIRE_THROWS_WITH(sum_to(x, {3, 2}), "sum_to: [3, 2] does not broadcast to [2, 3]");
  REQUIRE_THROWS_WITH(sum(Array::zeros({2}, DType::i64)), "sum: expected f32 or f64, got i64");
}
