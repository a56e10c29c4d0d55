#include <algorithm>
#include <cmath>

#include <tapestry/autograd/ops/activation.hpp>
#include <tapestry/core/error.hpp>

#include "operators/suite.hpp"

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
                  .on_nothing = {{function, {Array::zeros({0, 3, 4, 5})}, Array::zeros({0, 3, 4, 5})}},
                  .refusals = {refuses<DTypeError>([] { return relu(Array::zeros({2}, DType::i64)); },
                                                   "relu: expected f32 or f64, got i64")},
                  .tolerance = 0,
                  .f32_tolerance = 0});
}

TEST_CASE("operator: softmax") {
  check_operator(
      {.name = "softmax",
       .sample = [](Generator& random) { return softmax_sample(random, false); },
       .on_nothing = {{[](Inputs in) { return softmax(in[0]); }, {Array::zeros({0, 3})}, Array::zeros({0, 3})}},
       .refusals = {refuses<ShapeError>(
                        [] {
                          return softmax(Array::zeros({2, 3}), 2);
                        },
                        "shape: no axis 2 in [2, 3] of rank 2"),
                    refuses<DTypeError>([] { return softmax(Array::zeros({2}, DType::u8)); },
                                        "softmax: expected f32 or f64, got u8")},
       .f32_tolerance = 2e-6,
       .format_tolerance = 1e-14});
}

TEST_CASE("operator: log_softmax") {
  check_operator(
      {.name = "log_softmax",
       .sample = [](Generator& random) { return softmax_sample(random, true); },
       .on_nothing = {{[](Inputs in) { return log_softmax(in[0], 1); }, {Array::zeros({2, 0})}, Array::zeros({2, 0})}},
       .refusals = {refuses<ShapeError>(
                        [] {
                          return log_softmax(Array::zeros({2, 3}), -3);
                        },
                        "shape: no axis -3 in [2, 3] of rank 2"),
                    refuses<DTypeError>([] { return log_softmax(Array::zeros({2}, DType::u8)); },
                                        "log_softmax: expected f32 or f64, got u8")},
       .f32_tolerance = 2e-6,
       .format_tolerance = 1e-14});
}
