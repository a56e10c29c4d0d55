#include <string>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/indexing/indexing.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/error.hpp>

#include "kernels/execution.hpp"
#include "operators/suite.hpp"

namespace test_indexing {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

Array some_indices(Generator& random, const Shape& shape, std::int64_t size) {
  std::vector<std::int64_t> values(static_cast<std::size_t>(shape.numel()));
  for (auto& value : values) value = random.between(0, size - 1);
  return Array::from(shape, values);
}

/// The whole number at an index.
std::int64_t index_at(const Array& indices, const Index& index) {
  return indices.data<std::int64_t>()[broadcast_position(index, indices.shape())];
}

Array whole(const Shape& shape, const std::vector<std::int64_t>& values) {
  return Array::from(shape, values);
}

std::string at_axis(int axis) {
  return "axis " + std::to_string(axis);
}

/// Tolerances for operators that move and add elements: a gradient is a sum of up to 256 terms below 1.
OperatorEntry linear(OperatorEntry entry) {
  entry.gradients = linear_in_each;
  entry.f32_tolerance = 1e-5;
  return entry;
}

}  // namespace

TEST_CASE("operator: index_select") {
  const auto sample = [](Generator& random) {
    const Array x = random.reals(random.shape(1, 4, 4));
    const int axis = random.axis(x.shape());
    const auto at = static_cast<std::size_t>(x.shape().checked_axis(axis));
    const Array indices = some_indices(random, {random.between(1, 6)}, x.size(axis));
    return Sample{.function = [=](Inputs in) { return index_select(in[0], axis, indices); },
                  .inputs = {x},
                  .expected = made_of(x.shape().with(axis, indices.numel()),
                                      [&](Index index) {
                                        index[at] = index_at(indices, {index[at]});
                                        return element(x, index);
                                      }),
                  .options = at_axis(axis)};
  };
  const auto some = [](int axis, const Array& indices) {
    return [=] { return index_select(Array::zeros({2, 3}), axis, indices); };
  };
  const Array none = whole({0}, {});
  check_operator(linear(
      {.name = "index_select",
       .sample = sample,
       .on_empty =
           {{[=](Inputs in) { return index_select(in[0], 1, none); }, {Array::zeros({2, 3})}, Array::zeros({2, 0})},
            {[=](Inputs in) { return index_select(in[0], 0, none); }, {Array::zeros({0, 3})}, Array::zeros({0, 3})},
            {[](Inputs in) {
               return index_select(in[0], 1, whole({2}, {2, 0}));
             },
             {Array::zeros({0, 3})},
             Array::zeros({0, 2})}},
       .rejections = {
           rejects<ValueError>(some(1, whole({2}, {0, 3})),
                               "index_select: index 3 at [1] is out of range for axis 1 of [2, 3]"),
           rejects<ValueError>(some(0, whole({2}, {-1, 3})),
                               "index_select: index -1 at [0] is out of range for axis 0 of [2, 3]"),
           rejects<ShapeError>(some(1, whole({1, 1}, {0})), "index_select: expected indices of rank 1, got [1, 1]"),
           rejects<DTypeError>(some(1, Array::zeros({2})), "index_select: expected indices of type i64, got f32[2]"),
           rejects<ShapeError>(some(2, none), "shape: axis 2 is out of range for [2, 3] of rank 2")}}));
}

TEST_CASE("operator: gather") {
  const auto sample = [](Generator& random) {
    const Array x = random.reals(random.shape(1, 4, 4));
    const int axis = random.axis(x.shape());
    const auto at = static_cast<std::size_t>(x.shape().checked_axis(axis));
    Shape shape = x.shape().with(axis, random.between(1, 5));
    for (int other = 0; other < shape.rank(); ++other) {
      if (other != static_cast<int>(at) && random.one_in(3)) shape = shape.with(other, random.between(1, shape[other]));
    }
    const Array indices = some_indices(random, shape, x.size(axis));
    return Sample{.function = [=](Inputs in) { return gather(in[0], axis, indices); },
                  .inputs = {x},
                  .expected = made_of(shape,
                                      [&](Index index) {
                                        index[at] = index_at(indices, index);
                                        return element(x, index);
                                      }),
                  .options = at_axis(axis) + " " + to_string(indices)};
  };
  const auto some = [](int axis, const Array& indices) {
    return [=] { return gather(Array::zeros({2, 3}), axis, indices); };
  };
  const Array none = whole({0, 2}, {});
  check_operator(linear(
      {.name = "gather",
       .sample = sample,
       .on_empty = {{[=](Inputs in) { return gather(in[0], 1, none); }, {Array::zeros({2, 3})}, Array::zeros({0, 2})},
                    {[=](Inputs in) { return gather(in[0], 1, none); }, {Array::zeros({0, 3})}, Array::zeros({0, 2})}},
       .rejections = {
           rejects<ValueError>(some(1, whole({1, 2}, {2, 3})),
                               "gather: index 3 at [0, 1] is out of range for axis 1 of [2, 3]"),
           rejects<ShapeError>(
               some(1, whole({2}, {0, 0})),
               "gather: expected indices with the rank of x [2, 3] and no larger than it except along axis 1, got [2]"),
           rejects<ShapeError>(
               some(0, whole({1, 4}, {0, 0, 0, 0})),
               "gather: expected indices with the rank of x [2, 3] and no larger than it except along axis 0, got "
               "[1, 4]"),
           rejects<DTypeError>(some(1, Array::zeros({2, 3})), "gather: expected indices of type i64, got f32[2, 3]"),
           rejects<ShapeError>(some(-3, none), "shape: axis -3 is out of range for [2, 3] of rank 2")}}));
}

TEST_CASE("operator: scatter_add") {
  const auto sample = [](Generator& random) {
    const Array x = random.reals(random.shape(1, 4, 4));
    const int axis = random.axis(x.shape());
    const auto at = static_cast<std::size_t>(x.shape().checked_axis(axis));
    Shape shape = x.shape().with(axis, random.between(1, 5));
    Shape larger = shape;
    for (int other = 0; other < shape.rank(); ++other) {
      if (other != static_cast<int>(at) && random.one_in(3)) shape = shape.with(other, random.between(1, shape[other]));
      if (random.one_in(4)) larger = larger.with(other, larger[other] + 1);
    }
    const Array indices = some_indices(random, shape, x.size(axis));
    const Array source = random.reals(larger);
    std::vector<double> sums = x.to_vector<double>();
    Index index(static_cast<std::size_t>(shape.rank()), 0);
    for (std::int64_t i = 0; i < shape.numel(); ++i, advance(index, shape)) {
      Index to = index;
      to[at] = index_at(indices, index);
      sums[broadcast_position(to, x.shape())] += element(source, index);
    }
    return Sample{.function = [=](Inputs in) { return scatter_add(in[0], axis, indices, in[1]); },
                  .inputs = {x, source},
                  .expected = Array::from(x.shape(), sums),
                  .options = at_axis(axis) + " " + to_string(indices)};
  };
  const auto some = [](const Array& indices, const Tensor& source) {
    return [=] { return scatter_add(Array::zeros({2, 3}), 1, indices, source); };
  };
  const Array pair = whole({1, 2}, {0, 2});
  const Array none = whole({0, 2}, {});
  const CheckedFunction empty = [=](Inputs in) { return scatter_add(in[0], 1, none, in[1]); };
  check_operator(linear(
      {.name = "scatter_add",
       .sample = sample,
       .on_empty = {{empty, {Array::zeros({0, 3}), Array::zeros({0, 2})}, Array::zeros({0, 3})}},
       .rejections = {
           rejects<ValueError>(some(whole({1, 2}, {-1, 0}), Array::zeros({1, 2})),
                               "scatter_add: index -1 at [0, 0] is out of range for axis 1 of [2, 3]"),
           rejects<ShapeError>(
               some(pair, Array::zeros({1, 1})),
               "scatter_add: expected indices with the rank of source [1, 1] and no larger than it, got [1, 2]"),
           rejects<ShapeError>(
               some(whole({3, 1}, {0, 0, 0}), Array::zeros({3, 1})),
               "scatter_add: expected indices with the rank of x [2, 3] and no larger than it except along axis 1, "
               "got [3, 1]"),
           rejects<DTypeError>(some(pair, Array::zeros({1, 2}, DType::f64)),
                               "scatter_add: expected the same dtype, got f32[2, 3] and f64[1, 2]\nhint: convert with "
                               "to(DType)"),
           rejects<DTypeError>(some(Array::zeros({1, 2}), Array::zeros({1, 2})),
                               "scatter_add: expected indices of type i64, got f32[1, 2]")}}));
}

TEST_CASE("accumulating by index gives the same bits at any number of threads") {
  const ThreadCount one(1);
  Generator random(1);
  const Array indices = some_indices(random, {3000}, 40);
  const Array wide = some_indices(random, {3000, 70}, 40);
  const Array x = random.reals({40, 70}).to(DType::f32);
  const Array source = random.reals({3000, 70}).to(DType::f32);
  const CheckedFunction select = [&](Inputs in) { return index_select(in[0], 0, indices); };
  const CheckedFunction scatter = [&](Inputs in) { return scatter_add(in[0], 0, wide, in[1]); };
  const Evaluation selected = evaluate(select, {x});
  const Evaluation scattered = evaluate(scatter, {x, source});
  for (int threads = 2; threads <= 4; ++threads) {
    set_num_threads(threads);
    require_close(evaluate(select, {x}), selected, 0);
    require_close(evaluate(scatter, {x, source}), scattered, 0);
  }
}

TEST_CASE("indices that are overwritten before backward are detected") {
  Array indices = whole({2}, {1, 0});
  const Tensor x = leaf(Array::full({3}, 1));
  const Tensor y = sum(index_select(x, 0, indices));
  indices.mutable_data<std::int64_t>()[0] = 2;
  REQUIRE_THROWS_AS(y.backward(), GradError);
}

}  // namespace test_indexing
