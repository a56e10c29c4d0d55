// Code shared by the suite entries of losses.
#pragma once

#include <string>
#include <vector>

#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/core/error.hpp>

#include "operators/suite.hpp"

namespace tapestry::testing {

using Real = long double;

inline Reduction random_reduction(Generator& random) {
  return std::vector{Reduction::mean, Reduction::sum, Reduction::none}[static_cast<std::size_t>(random.between(0, 2))];
}

inline std::string name_of(Reduction reduction) {
  return reduction == Reduction::mean ? "mean" : reduction == Reduction::sum ? "sum" : "none";
}

/// The expected result from all losses, given by index, and the divisor of the mean.
inline Array reduced(const Array& losses, Reduction reduction, double divisor) {
  if (reduction == Reduction::none) return losses;
  Real total = 0;
  for (const double loss : values_of(losses)) total += loss;
  return Array::scalar(static_cast<double>(reduction == Reduction::mean ? total / divisor : total), DType::f64);
}

/// The errors of all elementwise losses.
template <class Loss>
std::vector<Rejection> pointwise_rejections(const std::string& name, const Loss& loss) {
  return {rejects<ShapeError>(
              [=] {
                loss(Array::zeros({2, 3}), Array::zeros({2, 1}));
              },
              name + ": expected an input and a target of the same shape, got [2, 3] and [2, 1]"),
          rejects<DTypeError>([=] { loss(Array::zeros({2}), Array::zeros({2}, DType::f64)); },
                              name + ": expected the same dtype, got f32[2] and f64[2]\nhint: convert with to(DType)"),
          rejects<DTypeError>([=] { loss(Array::zeros({2}), Array::zeros({2}, DType::i64)); },
                              name + ": expected f32 or f64, got i64"),
          rejects<ValueError>(
              [=] {
                loss(Array::zeros({0, 3}), Array::zeros({0, 3}));
              },
              name + ": cannot take the mean of no elements (input [0, 3])")};
}

}  // namespace tapestry::testing
