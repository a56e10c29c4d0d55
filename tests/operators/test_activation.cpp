#include <algorithm>
#include <cmath>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/core/error.hpp>

#include "operators/elementwise.hpp"

namespace test_activation {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

Sample softmax_sample(Generator& random, bool is_logarithm) {
  const Array x = random.reals(random.shape(1, 4, 4), -3, 3);
  const int axis = random.axis(x.shape());
  const auto counted = static_cast<std::size_t>(x.shape().checked_axis(axis));
  const auto value = [&](const Index& index) {
    long double total = 0;
    Index other = index;
    for (other[counted] = 0; other[counted] < x.size(axis); ++other[counted]) {
      total += std::exp(static_cast<long double>(element(x, other)) - element(x, index));
    }
    return is_logarithm ? -std::log(total) : 1 / total;
  };
  return {.function = [=](Inputs in) { return is_logarithm ? log_softmax(in[0], axis) : softmax(in[0], axis); },
          .inputs = {x},
          .expected = made_of(x.shape(), value),
          .options = "axis " + std::to_string(axis)};
}

}  // namespace

TEST_CASE("operator: relu") {
  const CheckedFunction function = [](Inputs in) { return relu(in[0]); };
  check_operator({.name = "relu",
                  .sample =
                      [&](Generator& random) {
                        const Array x = random.reals_with_gap(random.shape(0, 4, 4));
                        return Sample{.function = function, .inputs = {x}, .expected = mapped(x, [](double value) {
                                                                             return std::max(value, 0.0);
                                                                           })};
                      },
                  .on_empty = {{function, {Array::zeros({0, 3, 4, 5})}, Array::zeros({0, 3, 4, 5})}},
                  .rejections = {rejects<DTypeError>([] { return relu(Array::zeros({2}, DType::i64)); },
                                                     "relu: expected f32 or f64, got i64")},
                  .tolerance = 0,
                  .f32_tolerance = 0});
}

TEST_CASE("operator: relu6") {
  check_elementwise(Elementwise{.name = "relu6",
                                .call = always([](const Tensor& x) { return relu6(x); },
                                               [](double x) { return std::min(std::max(x, 0.0), 6.0); }),
                                .low = -3,
                                .high = 9,
                                .kinks = {0, 6}});
}

TEST_CASE("operator: leaky_relu") {
  check_elementwise(Elementwise{
      .name = "leaky_relu",
      .call =
          [](Generator& random) {
            const double slope = random.real(-0.5, 0.5);
            return ElementwiseCall{[=](const Tensor& x) { return leaky_relu(x, {.negative_slope = slope}); },
                                   [=](double x) { return x > 0 ? x : slope * x; }, "slope " + std::to_string(slope)};
          },
      .kinks = {0}});
}

TEST_CASE("operator: hardsigmoid") {
  check_elementwise(Elementwise{.name = "hardsigmoid",
                                .call = always([](const Tensor& x) { return hardsigmoid(x); },
                                               [](double x) { return std::min(std::max(x + 3, 0.0), 6.0) / 6; }),
                                .low = -5,
                                .high = 5,
                                .kinks = {-3, 3}});
}

TEST_CASE("operator: prelu") {
  const CheckedFunction function = [](Inputs in) { return prelu(in[0], in[1]); };
  const auto sample = [&](Generator& random) {
    const Array x = random.reals_with_gap(random.shape(0, 4, 4));
    const std::int64_t channels = x.rank() == 0 || random.one_in(3) ? 1 : x.size(x.rank() > 1 ? 1 : 0);
    const Array weight = random.reals({channels});
    return Sample{
        .function = function, .inputs = {x, weight}, .expected = made_of(x.shape(), [&](const Index& index) {
                                                       const std::int64_t channel =
                                                           channels == 1 ? 0 : index[index.size() > 1 ? 1 : 0];
                                                       const double value = element(x, index);
                                                       return value > 0 ? value : element(weight, {channel}) * value;
                                                     })};
  };
  // The gradient of a weight is a sum of up to 256 terms below 1.1, in an order that depends on the memory format.
  check_operator(
      {.name = "prelu",
       .sample = sample,
       .on_empty = {{function, {Array::zeros({0, 3, 4}), Array::full({3}, 0.25)}, Array::zeros({0, 3, 4})},
                    {function, {Array::zeros({0}), Array::full({1}, 0.25)}, Array::zeros({0})}},
       .rejections = {rejects<ShapeError>(
                          [] {
                            return prelu(Array::zeros({2, 3}), Array::zeros({2}));
                          },
                          "prelu: expected a weight of shape [1] or [3] (input [2, 3]), got [2]"),
                      rejects<ShapeError>(
                          [] {
                            return prelu(Array::zeros({2, 3}), Array::zeros({1, 3}));
                          },
                          "prelu: expected a weight of shape [1] or [3] (input [2, 3]), got [1, 3]"),
                      rejects<DTypeError>([] { return prelu(Array::zeros({2}, DType::i64), Array::zeros({1})); },
                                          "prelu: expected f32 or f64, got i64"),
                      rejects<DTypeError>(
                          [] { return prelu(Array::zeros({2}), Array::zeros({1}, DType::f64)); },
                          "prelu: expected the same dtype, got f32[2] and f64[1]\nhint: convert with to(DType)")},
       .f32_tolerance = 1e-5,
       .format_tolerance = 1e-13});
}

TEST_CASE("operator: softmax") {
  check_operator(
      {.name = "softmax",
       .sample = [](Generator& random) { return softmax_sample(random, false); },
       .on_empty = {{[](Inputs in) { return softmax(in[0]); }, {Array::zeros({0, 3})}, Array::zeros({0, 3})}},
       .rejections = {rejects<ShapeError>(
                          [] {
                            return softmax(Array::zeros({2, 3}), 2);
                          },
                          "shape: axis 2 is out of range for [2, 3] of rank 2"),
                      rejects<DTypeError>([] { return softmax(Array::zeros({2}, DType::u8)); },
                                          "softmax: expected f32 or f64, got u8")},
       .f32_tolerance = 2e-6,
       .format_tolerance = 1e-14});
}

TEST_CASE("operator: log_softmax") {
  check_operator(
      {.name = "log_softmax",
       .sample = [](Generator& random) { return softmax_sample(random, true); },
       .on_empty = {{[](Inputs in) { return log_softmax(in[0], 1); }, {Array::zeros({2, 0})}, Array::zeros({2, 0})}},
       .rejections = {rejects<ShapeError>(
                          [] {
                            return log_softmax(Array::zeros({2, 3}), -3);
                          },
                          "shape: axis -3 is out of range for [2, 3] of rank 2"),
                      rejects<DTypeError>([] { return log_softmax(Array::zeros({2}, DType::u8)); },
                                          "log_softmax: expected f32 or f64, got u8")},
       .f32_tolerance = 2e-6,
       .format_tolerance = 1e-14});
}

}  // namespace test_activation
