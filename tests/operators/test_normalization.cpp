// Layer and root-mean-square normalization.
#include <algorithm>
#include <cmath>

#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/core/error.hpp>

#include "operators/normalization_samples.hpp"

namespace test_normalization {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// A shape and the number of its last axes that are normalized.
struct RowsCase {
  Array x;
  Shape normalized_shape;
};

RowsCase random_rows(Generator& random) {
  const Shape shape = random.shape(1, 4, 4);
  const auto first = static_cast<std::ptrdiff_t>(random.between(0, shape.rank() - 1));
  return {random.reals(shape, -2, 2), Shape(std::span(shape.begin() + first, shape.end()))};
}

/// The part of an index along the normalized axes.
Index row_index(const Index& index, const Shape& normalized_shape) {
  return {index.end() - normalized_shape.rank(), index.end()};
}

bool is_same_row(const Index& a, const Index& b, const Shape& normalized_shape) {
  return std::equal(a.begin(), a.end() - normalized_shape.rank(), b.begin());
}

Sample layer_norm_sample(Generator& random) {
  const auto [x, shape] = random_rows(random);
  const double eps = random_eps(random);
  const StatisticsAt statistics = [&x = x, &shape = shape](const Index& index) {
    return statistics_of(x, [&](const Index& other) { return is_same_row(index, other, shape); });
  };
  return normalization_sample(
      random, x, shape, true, eps,
      [eps, shape = shape](const Tensor& input, const Tensor& weight, const Tensor& bias) {
        return layer_norm(input, shape, weight, bias, eps);
      },
      statistics, [&shape = shape](const Index& index) { return row_index(index, shape); });
}

Sample rms_norm_sample(Generator& random) {
  const auto [x, shape] = random_rows(random);
  const double eps = random_eps(random);
  const StatisticsAt statistics = [&x = x, &shape = shape](const Index& index) {
    const Statistics s = statistics_of(x, [&](const Index& other) { return is_same_row(index, other, shape); });
    return Statistics{0, s.variance + s.mean * s.mean};
  };
  return normalization_sample(
      random, x, shape, false, eps,
      [eps, shape = shape](const Tensor& input, const Tensor& weight, const Tensor&) {
        return rms_norm(input, shape, weight, eps);
      },
      statistics, [&shape = shape](const Index& index) { return row_index(index, shape); });
}

std::vector<Rejection> row_rejections(
    const std::string& name, const std::function<Tensor(const Tensor&, const Shape&, const Tensor&, double)>& f) {
  const Array x = Array::zeros({2, 3, 4});
  return {
      rejects<ValueError>([=] { return f(x, {4}, {}, 0); }, name + ": eps must be positive and finite, got 0"),
      rejects<ValueError>([=] { return f(x, {4}, {}, std::numeric_limits<double>::quiet_NaN()); },
                          name + ": eps must be positive and finite, got nan"),
      rejects<ShapeError>([=] { return f(x, {3}, {}, 1e-5); },
                          name + ": expected an input whose last axes are the normalized_shape [3], got [2, 3, 4]"),
      rejects<ShapeError>(
          [=] {
            return f(x, {1, 2, 3, 4}, {}, 1e-5);
          },
          name + ": expected an input whose last axes are the normalized_shape [1, 2, 3, 4], got [2, 3, 4]"),
      rejects<ShapeError>([=] { return f(x, {}, {}, 1e-5); },
                          name + ": normalized_shape must have at least one axis and one element, got []"),
      rejects<ShapeError>(
          [=] {
            return f(Array::zeros({2, 0}), {0}, {}, 1e-5);
          },
          name + ": normalized_shape must have at least one axis and one element, got [0]"),
      rejects<ShapeError>(
          [=] {
            return f(x, {3, 4}, Array::zeros({4}), 1e-5);
          },
          name + ": expected a weight of shape [3, 4] (input [2, 3, 4]), got [4]"),
      rejects<DTypeError>([=] { return f(x.to(DType::i64), {4}, {}, 1e-5); }, name + ": expected f32 or f64, got i64"),
      rejects<DTypeError>([=] { return f(x, {4}, Array::zeros({4}, DType::f64), 1e-5); },
                          name + ": expected the same dtype, got f32[2, 3, 4] and f64[4]\nhint: convert with "
                                 "to(DType)")};
}

}  // namespace

TEST_CASE("operator: layer_norm") {
  std::vector<Rejection> rejections =
      row_rejections("layer_norm", [](const Tensor& x, const Shape& shape, const Tensor& weight, double eps) {
        return layer_norm(x, shape, weight, {}, eps);
      });
  rejections.push_back(rejects<ShapeError>(
      [] {
        return layer_norm(Array::zeros({2, 3}), {3}, {}, Array::zeros({2}));
      },
      "layer_norm: expected a bias of shape [3] (input [2, 3]), got [2]"));
  const Array c3 = Array::full({3}, 1);
  check_operator({.name = "layer_norm",
                  .sample = layer_norm_sample,
                  .on_empty = {{[](Inputs in) { return layer_norm(in[0], {3}, in[1], in[2]); },
                                {Array::zeros({2, 0, 3}), c3, c3},
                                Array::zeros({2, 0, 3})}},
                  .rejections = rejections,
                  .configurations = 60,
                  // Statistics of up to 256 values: some ten roundings more.
                  .tolerance = 1e-13});
}

TEST_CASE("operator: rms_norm") {
  check_operator({.name = "rms_norm",
                  .sample = rms_norm_sample,
                  .on_empty = {{[](Inputs in) { return rms_norm(in[0], {3}, in[1]); },
                                {Array::zeros({2, 0, 3}), Array::full({3}, 1)},
                                Array::zeros({2, 0, 3})}},
                  .rejections = row_rejections("rms_norm", [](const Tensor& x, const Shape& shape, const Tensor& weight,
                                                              double eps) { return rms_norm(x, shape, weight, eps); }),
                  .configurations = 60,
                  // Statistics of up to 256 values: some ten roundings more.
                  .tolerance = 1e-13});
}

}  // namespace test_normalization
