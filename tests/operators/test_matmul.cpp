#include <string>

#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/core/error.hpp>

#include "operators/suite.hpp"

namespace test_matmul {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// Sums of at most 7 (bilinear: 20) products below 1 have an error below 20 · 20 · 2⁻⁵³ = 4.4e-14 in any
/// order.
OperatorEntry product(OperatorEntry entry) {
  entry.gradients = linear_in_each;
  entry.tolerance = 5e-14;
  entry.f32_tolerance = 1e-5;
  entry.format_tolerance = 1e-13;
  return entry;
}

/// The element at (row, column) of the matrix at `batch` under broadcasting.
double matrix_element(const Array& x, Index batch, std::int64_t row, std::int64_t column) {
  batch.push_back(row);
  batch.push_back(column);
  return x.data<double>()[broadcast_position(batch, x.shape())];
}

}  // namespace

TEST_CASE("operator: matmul") {
  const CheckedFunction function = [](Inputs in) { return matmul(in[0], in[1]); };
  const auto sample = [&](Generator& random) {
    const std::int64_t m = random.between(1, 4), k = random.between(1, 7), n = random.between(1, 5);
    const Shape batch = random.one_in(3) ? Shape{} : random.shape(0, 2, 3);
    const bool a_is_vector = random.one_in(5), b_is_vector = random.one_in(5);
    const Array a = random.reals(a_is_vector ? Shape{k} : joined(random.broadcastable(batch), {m, k}));
    const Array b = random.reals(b_is_vector ? Shape{k} : joined(random.broadcastable(batch), {k, n}));
    const Array first = a_is_vector ? a.reshape({1, k}) : a;
    const Array second = b_is_vector ? b.reshape({k, 1}) : b;
    const auto batch_of = [](const Array& x) {
      return Shape(x.shape().sizes().first(static_cast<std::size_t>(x.rank() - 2)));
    };
    const Shape leading = broadcast_shapes(batch_of(first), batch_of(second), "test");
    const Array whole = made_of(joined(leading, {first.size(-2), second.size(-1)}), [&](const Index& index) {
      const Index at(index.begin(), index.end() - 2);
      double sum = 0;
      for (std::int64_t i = 0; i < k; ++i) {
        sum += matrix_element(first, at, index[index.size() - 2], i) * matrix_element(second, at, i, index.back());
      }
      return sum;
    });
    std::vector<std::int64_t> kept;
    if (!a_is_vector) kept.push_back(m);
    if (!b_is_vector) kept.push_back(n);
    return Sample{.function = function, .inputs = {a, b}, .expected = whole.reshape(joined(leading, Shape(kept)))};
  };
  const auto of = [](const Shape& a, const Shape& b) { return [=] { return matmul(zeros(a), zeros(b)); }; };
  check_operator(
      product({.name = "matmul",
               .sample = sample,
               .on_empty = {{function, {zeros({0, 3}), zeros({3, 4})}, zeros({0, 4})},
                            {function, {zeros({2, 3}), zeros({3, 0})}, zeros({2, 0})},
                            {function, {zeros({0, 2, 3}), zeros({3, 4})}, zeros({0, 2, 4})},
                            {function, {zeros({0, 2, 3}), zeros({1, 3, 4})}, zeros({0, 2, 4})},
                            {function, {zeros({2, 5, 0}), zeros({0, 4})}, zeros({2, 5, 4})},
                            {function, {zeros({0}), zeros({0})}, zeros({})}},
               .rejections = {
                   rejects<ShapeError>(of({2, 3}, {4, 5}), "matmul: inner sizes differ: 3 and 4 ([2, 3] times [4, 5])"),
                   rejects<ShapeError>(of({3}, {2, 3}), "matmul: inner sizes differ: 3 and 2 ([3] times [2, 3])"),
                   rejects<ShapeError>(of({}, {3}), "matmul: expected vectors or matrices, got [] times [3]"),
                   rejects<ShapeError>(of({2, 4, 3}, {5, 3, 4}),
                                       "matmul: batch axes do not broadcast: [2, 4, 3] times [5, 3, 4]"),
                   rejects<DTypeError>(
                       [] {
                         return matmul(zeros({2, 3}), zeros({3, 4}, DType::f64));
                       },
                       "matmul: expected the same dtype, got f32[2, 3] and f64[3, 4]\nhint: convert with to(DType)"),
                   rejects<DTypeError>(
                       [] {
                         return matmul(zeros({2, 3}, DType::i64), zeros({3, 4}));
                       },
                       "matmul: expected f32 or f64, got i64")}}));
}

TEST_CASE("operator: linear") {
  const CheckedFunction function = [](Inputs in) { return linear(in[0], in[1], in.size() > 2 ? in[2] : Tensor()); };
  const auto sample = [&](Generator& random) {
    const std::int64_t in = random.between(1, 7), out = random.between(1, 6);
    const Shape leading = random.shape(0, 3, 4);
    std::vector<Array> inputs = {random.reals(joined(leading, {in})), random.reals({out, in})};
    const bool has_bias = random.one_in(2);
    if (has_bias) inputs.push_back(random.reals({out}));
    const Array expected = made_of(joined(leading, {out}), [&](Index index) {
      const std::int64_t feature = index.back();
      double sum = has_bias ? element(inputs[2], {feature}) : 0;
      for (index.back() = 0; index.back() < in; ++index.back())
        sum += element(inputs[0], index) * element(inputs[1], {feature, index.back()});
      return sum;
    });
    return Sample{.function = function, .inputs = inputs, .expected = expected};
  };
  const auto of = [](const Shape& x, const Shape& weight, const Array& bias) {
    return [=] { return linear(zeros(x), zeros(weight), bias.defined() ? Tensor(bias) : Tensor()); };
  };
  check_operator(
      product({.name = "linear",
               .sample = sample,
               .on_empty = {{function, {zeros({0, 3}), Array::full({4, 3}, 2), Array::full({4}, 1)}, zeros({0, 4})},
                            {function, {zeros({2, 0, 3}), Array::full({4, 3}, 2)}, zeros({2, 0, 4})}},
               .rejections = {
                   rejects<ShapeError>(of({2, 5}, {4, 3}, {}),
                                       "linear: expected 3 input features (weight [4, 3]), got 5 (input [2, 5])"),
                   rejects<ShapeError>(of({}, {4, 3}, {}), "linear: expected an input (…, in_features), got a scalar"),
                   rejects<ShapeError>(of({2, 3}, {3}, {}),
                                       "linear: expected a weight (out_features, in_features) of rank 2, got [3]"),
                   rejects<ShapeError>(of({2, 3}, {4, 3}, zeros({3})),
                                       "linear: expected a bias of shape [4] (weight [4, 3]), got [3]"),
                   rejects<DTypeError>(
                       of({2, 3}, {4, 3}, zeros({4}, DType::f64)),
                       "linear: expected the same dtype, got f32[4, 3] and f64[4]\nhint: convert with to(DType)"),
                   rejects<DTypeError>(
                       [] {
                         return linear(zeros({2, 3}), zeros({4, 3}, DType::f64));
                       },
                       "linear: expected the same dtype, got f32[2, 3] and f64[4, 3]\nhint: convert with "
                       "to(DType)")}}));
}

TEST_CASE("operator: bilinear") {
  const CheckedFunction function = [](Inputs in) {
    return bilinear(in[0], in[1], in[2], in.size() > 3 ? in[3] : Tensor());
  };
  const auto sample = [&](Generator& random) {
    const std::int64_t in1 = random.between(1, 4), in2 = random.between(1, 5), out = random.between(1, 3);
    const Shape leading = random.shape(0, 2, 3);
    std::vector<Array> inputs = {random.reals(joined(leading, {in1})), random.reals(joined(leading, {in2})),
                                 random.reals({out, in1, in2})};
    const bool has_bias = random.one_in(2);
    if (has_bias) inputs.push_back(random.reals({out}));
    const Array expected = made_of(joined(leading, {out}), [&](const Index& index) {
      double sum = has_bias ? element(inputs[3], {index.back()}) : 0;
      Index first = index, second = index;
      for (first.back() = 0; first.back() < in1; ++first.back()) {
        for (second.back() = 0; second.back() < in2; ++second.back()) {
          sum += element(inputs[0], first) * element(inputs[2], {index.back(), first.back(), second.back()}) *
                 element(inputs[1], second);
        }
      }
      return sum;
    });
    return Sample{.function = function, .inputs = inputs, .expected = expected};
  };
  const auto of = [](const Shape& x1, const Shape& x2, const Shape& weight) {
    return [=] { return bilinear(zeros(x1), zeros(x2), zeros(weight)); };
  };
  check_operator(product(
      {.name = "bilinear",
       .sample = sample,
       .on_empty = {{function, {zeros({0, 3}), zeros({0, 2}), Array::full({4, 3, 2}, 1)}, zeros({0, 4})}},
       .rejections = {
           rejects<ShapeError>(
               of({2, 3}, {3, 5}, {4, 3, 5}),
               "bilinear: expected inputs that differ only along their last axis, got [2, 3] and [3, 5]"),
           rejects<ShapeError>(of({}, {}, {4, 3, 5}),
                               "bilinear: expected inputs that differ only along their last axis, got [] and []"),
           rejects<ShapeError>(of({2, 3}, {2, 5}, {4, 3, 6}),
                               "bilinear: expected 3 and 6 input features (weight [4, 3, 6]), got 3 and 5 (inputs "
                               "[2, 3] and [2, 5])"),
           rejects<ShapeError>(of({2, 3}, {2, 5}, {4, 3}),
                               "bilinear: expected a weight (out_features, in1_features, in2_features) of rank 3, got "
                               "[4, 3]"),
           rejects<ShapeError>(
               [] {
                 return bilinear(zeros({2, 3}), zeros({2, 5}), zeros({4, 3, 5}), zeros({5}));
               },
               "bilinear: expected a bias of shape [4] (weight [4, 3, 5]), got [5]"),
           rejects<DTypeError>(
               [] {
                 return bilinear(zeros({2, 3}), zeros({2, 5}, DType::f64), zeros({4, 3, 5}));
               },
               "bilinear: expected the same dtype, got f64[2, 5] and f32[4, 3, 5]\nhint: convert with "
               "to(DType)")}}));
}

}  // namespace test_matmul
