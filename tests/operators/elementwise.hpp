// Suite entries for elementwise operators.
#pragma once

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <tapestry/core/error.hpp>

#include "operators/suite.hpp"

namespace tapestry::testing {

/// An operator with options, and the reference from the C library.
struct ElementwiseCall {
  std::function<Tensor(const Tensor&)> function;
  std::function<double(double)> plain;
  std::string options = {};
};

/// An elementwise operator of one tensor.
struct Elementwise {
  std::string name;
  std::function<ElementwiseCall(Generator&)> call;
  double low = -3;
  double high = 3;
  /// Values keep a distance of 0.1 from these.
  std::vector<double> kinks = {};
  std::vector<Rejection> rejections = {};
  double tolerance = 1e-14;
  double f32_tolerance = 1e-6;
};

/// Numbers in [low, high) no nearer to any kink than 0.1.
inline Array reals_between_kinks(Generator& random, const Elementwise& op, const Shape& shape) {
  return mapped(random.reals(shape, op.low, op.high), [&](double x) {
    for (const double kink : op.kinks) {
      if (std::abs(x - kink) < 0.1) return x < kink ? x - 0.1 : x + 0.1;
    }
    return x;
  });
}

/// A call without options.
inline std::function<ElementwiseCall(Generator&)> always(std::function<Tensor(const Tensor&)> function,
                                                         std::function<double(double)> plain) {
  return [=](Generator&) { return ElementwiseCall{function, plain}; };
}

/// Runs the suite on `op`, which must accept empty batches and reject integers.
inline void check_elementwise(const Elementwise& op) {
  Generator unused(0);
  const auto some = op.call(unused).function;
  const auto rejection = rejects<DTypeError>([some] { return some(Array::zeros({2}, DType::i64)); },
                                             op.name + ": expected f32 or f64, got i64");
  OperatorEntry entry{.name = op.name,
                      .sample =
                          [&](Generator& random) {
                            const Array x = reals_between_kinks(random, op, random.shape(0, 4, 4));
                            const ElementwiseCall call = op.call(random);
                            return Sample{.function = [f = call.function](Inputs in) { return f(in[0]); },
                                          .inputs = {x},
                                          .expected = mapped(x, call.plain),
                                          .options = call.options};
                          },
                      .on_empty = {{[some](Inputs in) { return some(in[0]); },
                                    {Array::zeros({0, 3, 4, 5})},
                                    Array::zeros({0, 3, 4, 5})}},
                      .rejections = {rejection},
                      .tolerance = op.tolerance,
                      .f32_tolerance = op.f32_tolerance};
  entry.rejections.insert(entry.rejections.end(), op.rejections.begin(), op.rejections.end());
  check_operator(entry);
}

/// An elementwise operator of two tensors that broadcast.
struct ElementwiseOfTwo {
  std::string name;
  std::function<Tensor(const Tensor&, const Tensor&)> function;
  std::function<double(double, double)> plain;
  double low = -1;
  double high = 1;
  /// The smallest magnitude of the second tensor, so that nothing is divided by 0.
  double second_low = 0.5;
  double second_high = 2;
  /// True when the operator compares the two: then they differ by 0.1 or more.
  bool has_kink = false;
  double tolerance = 0;
};

/// The element at `index` under broadcasting.
inline double broadcast_element(const Array& x, const Index& index) {
  return x.data<double>()[broadcast_position(index, x.shape())];
}

/// Runs the suite on `op`, which must accept empty batches and reject operands that do not match.
inline void check_elementwise(const ElementwiseOfTwo& op) {
  const auto& call = op.function;
  const CheckedFunction function = [&](Inputs in) { return call(in[0], in[1]); };
  const auto sample = [&](Generator& random) {
    const Shape whole = random.shape(0, 4, 3);
    Array a = random.reals(random.one_in(2) ? whole : random.broadcastable(whole), op.low, op.high);
    Array b = random.reals(random.broadcastable(whole), op.second_low, op.second_high);
    if (op.has_kink) {
      // Multiples of 0.2; those of b are half a step off.
      a = mapped(a, [](double x) { return 0.2 * std::round(5 * x); });
      b = mapped(b, [](double x) { return 0.2 * std::round(5 * x) + 0.1; });
    }
    const Array expected = made_of(broadcast_shapes(a.shape(), b.shape(), "test"), [&](const Index& index) {
      return op.plain(broadcast_element(a, index), broadcast_element(b, index));
    });
    return Sample{.function = function, .inputs = {a, b}, .expected = expected};
  };
  const auto some = [&](const Array& second) { return [&, second] { return call(zeros({2, 3}), second); }; };
  check_operator(
      {.name = op.name,
       .sample = sample,
       .on_empty = {{function, {zeros({0, 3}), Array::full({3}, 2)}, zeros({0, 3})},
                    {function, {zeros({0, 2, 3, 4}), Array::full({2, 1, 1}, 2)}, zeros({0, 2, 3, 4})}},
       .rejections =
           {rejects<ShapeError>(some(zeros({2})),
                                op.name + ": shapes [2, 3] and [2] do not broadcast: 3 and 2 at axis 1 from the end"),
            rejects<DTypeError>(
                some(zeros({3}, DType::f64)),
                op.name + ": expected the same dtype, got f32[2, 3] and f64[3]\nhint: convert with to(DType)"),
            rejects<DTypeError>(some(zeros({3}, DType::i64)), op.name + ": expected f32 or f64, got i64")},
       .tolerance = op.tolerance,
       // A gradient is a sum of up to 81 terms below 8, in an order that depends on the format.
       .f32_tolerance = 1e-5,
       .format_tolerance = 1e-13});
}

}  // namespace tapestry::testing
