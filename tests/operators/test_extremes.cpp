// Extrema: over axes, with indices, and the first k.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/threads.hpp>

#include "operators/reduction_samples.hpp"

namespace test_extremes {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

using OfAxis = std::function<ValuesAndIndices(const Tensor& x, int axis, bool keepdim)>;
using IndexOfAxis = std::function<Array(const Tensor& x, int axis, bool keepdim)>;

/// The elements of x along an axis, with the other axes at `index`.
std::vector<double> row_of(const Array& x, std::size_t axis, Index index) {
  std::vector<double> row;
  for (index[axis] = 0; index[axis] < x.shape()[static_cast<int>(axis)]; ++index[axis])
    row.push_back(element(x, index));
  return row;
}

/// A call along one axis; `plain` computes the result from the elements along it.
Sample along_axis(Generator& random, const std::function<Tensor(const Tensor&, int, bool)>& call,
                  const std::function<double(const std::vector<double>&)>& plain) {
  const Array x = random.reals(random.shape(1, 4, 5));
  const int axis = random.axis(x.shape());
  const bool keepdim = random.one_in(2);
  const auto at = static_cast<std::size_t>(x.shape().checked_axis(axis));
  const Shape kept = x.shape().with(axis, 1);
  std::vector<std::int64_t> rest(kept.begin(), kept.end());
  rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(at));
  const Array expected = made_of(kept, [&](const Index& index) { return plain(row_of(x, at, index)); });
  return {.function = [=](Inputs in) { return call(in[0], axis, keepdim); },
          .inputs = {x},
          .expected = keepdim ? expected : expected.reshape(Shape(rest)),
          .options = "axis " + std::to_string(axis)};
}

double largest_of(const std::vector<double>& values) {
  return *std::max_element(values.begin(), values.end());
}
double smallest_of(const std::vector<double>& values) {
  return *std::min_element(values.begin(), values.end());
}

std::vector<Rejection> extreme_rejections(const std::string& name, const ReductionCall& call) {
  auto rejections = reduction_rejections(name, call);
  rejections.pop_back();  // all dtypes are accepted
  rejections.push_back(rejects<ValueError>(
      [=] {
        return call(zeros({0, 3}), {0, 1}, false);
      },
      name + ": expected at least one element, got none (input [0, 3])"));
  return rejections;
}

void check_extreme(const std::string& name, const OfAxis& call, OperatorEntry entry,
                   const std::function<double(const std::vector<double>&)>& plain) {
  entry.sample = [=](Generator& random) {
    return along_axis(
        random, [=](const Tensor& x, int axis, bool keepdim) { return call(x, axis, keepdim).values; }, plain);
  };
  entry.on_empty = {{[=](Inputs in) { return call(in[0], 1, false).values; }, {zeros({0, 3})}, zeros({0})}};
  entry.rejections = {rejects<ValueError>(
                          [=] {
                            call(zeros({0, 3}), 0, false);
                          },
                          name + ": expected at least one element, got none (input [0, 3])"),
                      rejects<ShapeError>(
                          [=] {
                            call(zeros({2, 3}), 2, false);
                          },
                          "shape: axis 2 is out of range for [2, 3] of rank 2")};
  entry.gradients = linear_in_each;
  entry.gradients.step = 1e-3;
  check_operator(entry);
}

void check_index(const std::string& name, const IndexOfAxis& call, OperatorEntry entry,
                 const std::function<double(const std::vector<double>&)>& plain) {
  entry.sample = [=](Generator& random) {
    return along_axis(
        random, [=](const Tensor& x, int axis, bool keepdim) { return Tensor(call(x, axis, keepdim)); },
        [=](const std::vector<double>& row) {
          return static_cast<double>(std::find(row.begin(), row.end(), plain(row)) - row.begin());
        });
  };
  entry.on_empty = {{[=](Inputs in) { return Tensor(call(in[0], 1, true)); }, {zeros({0, 3})}, zeros({0, 1})}};
  entry.rejections = {rejects<ValueError>(
                          [=] {
                            call(zeros({0, 3}), 0, false);
                          },
                          name + ": expected at least one element, got none (input [0, 3])"),
                      rejects<ShapeError>(
                          [=] {
                            call(zeros({2, 3}), 2, false);
                          },
                          "shape: axis 2 is out of range for [2, 3] of rank 2")};
  entry.is_differentiable = false;
  entry.tolerance = 0;
  check_operator(entry);
}

}  // namespace

TEST_CASE("operator: amax") {
  const ReductionCall call = [](const Tensor& x, const std::vector<int>& axes, bool keepdim) {
    return amax(x, axes, keepdim);
  };
  check_operator({.name = "amax",
                  .sample = [&](Generator& random) { return reduction_sample(random, call, largest_of); },
                  .on_empty = {{[](Inputs in) { return amax(in[0], {1}); }, {zeros({0, 3})}, zeros({0})}},
                  .rejections = extreme_rejections("amax", call),
                  .tolerance = 0,
                  .f32_tolerance = 0});
}

TEST_CASE("operator: amin") {
  const ReductionCall call = [](const Tensor& x, const std::vector<int>& axes, bool keepdim) {
    return amin(x, axes, keepdim);
  };
  check_operator({.name = "amin",
                  .sample = [&](Generator& random) { return reduction_sample(random, call, smallest_of); },
                  .on_empty = {{[](Inputs in) { return amin(in[0], {1}); }, {zeros({0, 3})}, zeros({0})}},
                  .rejections = extreme_rejections("amin", call),
                  .tolerance = 0,
                  .f32_tolerance = 0});
}

TEST_CASE("operator: max") {
  const OfAxis call = [](const Tensor& x, int axis, bool keepdim) { return max(x, axis, keepdim); };
  check_extreme("max", call, {.name = "max", .sample = {}, .tolerance = 0, .f32_tolerance = 0}, largest_of);
}

TEST_CASE("operator: min") {
  const OfAxis call = [](const Tensor& x, int axis, bool keepdim) { return min(x, axis, keepdim); };
  check_extreme("min", call, {.name = "min", .sample = {}, .tolerance = 0, .f32_tolerance = 0}, smallest_of);
}

TEST_CASE("operator: argmax") {
  const IndexOfAxis call = [](const Tensor& x, int axis, bool keepdim) { return argmax(x, axis, keepdim); };
  check_index("argmax", call, {.name = "argmax", .sample = {}}, largest_of);
}

TEST_CASE("operator: argmin") {
  const IndexOfAxis call = [](const Tensor& x, int axis, bool keepdim) { return argmin(x, axis, keepdim); };
  check_index("argmin", call, {.name = "argmin", .sample = {}}, smallest_of);
}

TEST_CASE("operator: topk") {
  const auto sample = [](Generator& random) {
    const Array x = random.reals(random.shape(1, 4, 5));
    const int axis = random.axis(x.shape());
    const std::int64_t k = random.between(1, x.size(axis));
    const bool largest = random.one_in(2);
    const auto at = static_cast<std::size_t>(x.shape().checked_axis(axis));
    return Sample{.function = [=](Inputs in) { return topk(in[0], k, axis, largest).values; },
                  .inputs = {x},
                  .expected = made_of(x.shape().with(axis, k),
                                      [&](const Index& index) {
                                        std::vector<double> row = row_of(x, at, index);
                                        std::sort(row.begin(), row.end());
                                        if (largest) std::reverse(row.begin(), row.end());
                                        return row[static_cast<std::size_t>(index[at])];
                                      }),
                  .options = "axis " + std::to_string(axis) + (largest ? " largest" : " smallest")};
  };
  check_operator({.name = "topk",
                  .sample = sample,
                  .on_empty = {{[](Inputs in) { return topk(in[0], 2).values; }, {zeros({0, 3})}, zeros({0, 2})},
                               {[](Inputs in) { return topk(in[0], 0).values; }, {zeros({2, 3})}, zeros({2, 0})}},
                  .rejections = {rejects<ValueError>(
                                     [] {
                                       topk(zeros({2, 3}), 4);
                                     },
                                     "topk: k must be in [0, 3], axis -1 of [2, 3], got 4"),
                                 rejects<ValueError>(
                                     [] {
                                       topk(zeros({2, 3}), -1, 0);
                                     },
                                     "topk: k must be in [0, 2], axis 0 of [2, 3], got -1"),
                                 rejects<ShapeError>(
                                     [] {
                                       topk(zeros({2, 3}), 1, 2);
                                     },
                                     "shape: axis 2 is out of range for [2, 3] of rank 2")},
                  .tolerance = 0,
                  .f32_tolerance = 0});
}

TEST_CASE("of equal elements the first is the extremum and gets the gradient") {
  const Tensor x = leaf(f32({2, 4}, {1, 3, 3, 0, 0, 2, 0, 2}));
  const ValuesAndIndices found = max(x, 1);
  REQUIRE(found.indices.to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 1});
  found.values.backward(f32({2}, {5, 7}), {});
  require_equal(x.grad().array(), f32({2, 4}, {0, 5, 0, 0, 0, 7, 0, 0}));
  REQUIRE(min(x, 1).indices.to_vector<std::int64_t>() == std::vector<std::int64_t>{3, 0});
  REQUIRE(argmax(x).item() == 1);
  REQUIRE(argmin(x).item() == 3);
  REQUIRE(topk(x, 3).indices.to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 2, 0, 1, 3, 0});
  REQUIRE(topk(x, 2, 1, false).indices.to_vector<std::int64_t>() == std::vector<std::int64_t>{3, 0, 0, 2});
  REQUIRE(max(Array::from<std::int64_t>({3}, {4, 9, 9}), 0).values.item() == 9);
}

TEST_CASE("equal elements share the gradient of amax and amin evenly") {
  const Tensor x = leaf(f32({2, 4}, {1, 3, 3, 0, 0, 2, 0, 0}));
  amax(x, {1}).backward(f32({2}, {6, 6}), {});
  require_equal(x.grad().array(), f32({2, 4}, {0, 3, 3, 0, 0, 6, 0, 0}));
  const Tensor y = leaf(x.array());
  amin(y).backward();
  require_equal(y.grad().array(), f32({2, 4}, {0, 0, 0, 0.25, 0.25, 0, 0.25, 0.25}));
}

TEST_CASE("NaN is the extremum at any position") {
  for (const std::size_t place : {0U, 5U, 16U, 38U}) {
    Array x = Generator(1).reals({39}).to(DType::f32);
    x.mutable_data<float>()[place] = NAN;
    const auto at = static_cast<double>(place);
    REQUIRE(std::isnan(amax(x).item()));
    REQUIRE(std::isnan(amin(x).item()));
    REQUIRE(argmax(x).item() == at);
    REQUIRE(argmin(x).item() == at);
    REQUIRE(std::isnan(max(x, 0).values.item()));
    REQUIRE(topk(x, 1).indices.item() == at);
    REQUIRE(topk(x, 39, 0, false).indices.at({38}) == at);
    // The same along columns.
    const Tensor table = x.reshape({13, 3});
    REQUIRE(std::isnan(amax(table, {0}).array().at({static_cast<std::int64_t>(place % 3)})));
  }
}

TEST_CASE("extrema of long rows equal those of plain loops") {
  const Array x = Generator(1).reals({3, 40000});
  for (const Array& array : {x, x.reshape({120000}), x.reshape({40000, 3})}) {
    const auto values = array.to_vector<double>();
    REQUIRE(amax(array).item() == largest_of(values));
    REQUIRE(amin(array).item() == smallest_of(values));
    REQUIRE(argmax(array).item() ==
            static_cast<double>(std::max_element(values.begin(), values.end()) - values.begin()));
  }
}

}  // namespace test_extremes
