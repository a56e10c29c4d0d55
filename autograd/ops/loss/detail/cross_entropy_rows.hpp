// Code shared by cross_entropy with labels and with class probabilities. For .cpp files.
#pragma once

#include <algorithm>
#include <cmath>
#include <string_view>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/loss/detail/class_rows.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/reduce.hpp>
#include <tapestry/kernels/elementwise/exp_rows.hpp>

namespace tapestry::detail {

/// The largest score of a row and ln Σ e^{score − largest}.
struct Normalizer {
  double largest;
  double log_powers;
  double negative_log_softmax(double score) const { return log_powers - (score - largest); }
};

template <class T>
T largest_of(const T* row, const ClassRows& rows) {
  T largest = row[0];
  for (std::int64_t k = 1; k < rows.classes(); ++k) largest = std::max(largest, row[k * rows.stride()]);
  return largest;
}

/// True when a row is contiguous and long enough for vectorized exponentials.
inline bool by_vectors(const ClassRows& rows) {
  return rows.stride() == 1 && rows.classes() >= 8;
}

template <class T>
Normalizer normalizer_of(const T* row, const ClassRows& rows) {
  const auto largest = static_cast<double>(largest_of(row, rows));
  if (by_vectors(rows)) return {largest, std::log(kernels::exp_sum(rows.classes(), row, largest))};
  double powers = 0;
  for (std::int64_t k = 0; k < rows.classes(); ++k)
    powers += std::exp(static_cast<double>(row[k * rows.stride()]) - largest);
  return {largest, std::log(powers)};
}

/// out = factor · (Σₖ targetₖ · softmax(row) − target), where `target` returns the target of a class.
template <class T, class Target>
void write_gradient(const T* row, const ClassRows& rows, double factor, double target_sum, const Target& target,
                    T* out) {
  const T largest = largest_of(row, rows);
  double powers = 0;
  if (by_vectors(rows)) {
    powers = kernels::exp_row(rows.classes(), row, largest, out);
  } else {
    for (std::int64_t k = 0; k < rows.classes(); ++k) {
      T& power = out[k * rows.stride()];
      power = std::exp(row[k * rows.stride()] - largest);
      powers += static_cast<double>(power);
    }
  }
  const double share = target_sum / powers;
  for (std::int64_t k = 0; k < rows.classes(); ++k) {
    T& value = out[k * rows.stride()];
    value = static_cast<T>(factor * (static_cast<double>(value) * share - target(k)));
  }
}

/// Reduces the losses of all rows, f64 (N, d₁, …), as requested.
inline Array reduced_losses(const Array& losses, Reduction reduction, double total_weight, DType dtype) {
  if (reduction == Reduction::none) return losses.to(dtype);
  const double sum = sum_to(losses, {}).item();
  return Array::scalar(reduction == Reduction::mean ? sum / total_weight : sum, dtype);
}

/// The factor of every row's gradient, given the gradient of the result.
template <class T>
struct RowFactors {
  Array gradient;
  Reduction reduction;
  double total_weight;
  double operator()(std::int64_t row) const {
    const T* g = gradient.data<T>();
    if (reduction == Reduction::none) return static_cast<double>(g[row]);
    return static_cast<double>(g[0]) / (reduction == Reduction::mean ? total_weight : 1);
  }
};

inline Tensor row_factors(const Tensor& gradient, Reduction reduction, double total_weight, const Shape& scores) {
  if (reduction == Reduction::none) return reshape(gradient, scores.with(1, 1));
  return reduction == Reduction::mean ? gradient / total_weight : gradient;
}

}  // namespace tapestry::detail
