// Random calls of normalizations and their results by plain loops.
#pragma once

#include <cmath>
#include <functional>

#include "operators/suite.hpp"

namespace tapestry::testing {

/// A mean and a variance, divided by n.
struct Statistics {
  double mean;
  double variance;
};

/// The moments of the values of `x` whose index `is_counted`, in two passes of extended precision.
template <class IsCounted>
Statistics statistics_of(const Array& x, const IsCounted& is_counted) {
  long double sum = 0, squares = 0, n = 0;
  Index index(static_cast<std::size_t>(x.rank()), 0);
  for (std::int64_t i = 0; i < x.numel(); ++i, advance(index, x.shape())) {
    if (!is_counted(index)) continue;
    sum += element(x, index);
    ++n;
  }
  const long double mean = sum / n;
  index.assign(index.size(), 0);
  for (std::int64_t i = 0; i < x.numel(); ++i, advance(index, x.shape())) {
    if (is_counted(index)) squares += (element(x, index) - mean) * (element(x, index) - mean);
  }
  return {static_cast<double>(mean), static_cast<double>(squares / n)};
}

/// The operator as a function of x, a weight and a bias, of which the latter two may be undefined.
using Normalize = std::function<Tensor(const Tensor& x, const Tensor& weight, const Tensor& bias)>;
/// The statistics that normalize an element.
using StatisticsAt = std::function<Statistics(const Index& index)>;
/// The index of the weight for an element of x.
using WeightIndex = std::function<Index(const Index& index)>;

/// A call with a random weight and bias, with one of them, or with neither.
inline Sample normalization_sample(Generator& random, const Array& x, const Shape& weight_shape, bool has_bias,
                                   double eps, const Normalize& normalize, const StatisticsAt& statistics,
                                   const WeightIndex& weight_index) {
  const bool with_weight = !random.one_in(3);
  const bool with_bias = has_bias && !random.one_in(3);
  const Array weight = random.reals(weight_shape, 0.5, 1.5);
  const Array bias = random.reals(weight_shape);
  const auto value = [&](const Index& index) {
    const Statistics s = statistics(index);
    const double normalized = (element(x, index) - s.mean) / std::sqrt(s.variance + eps);
    const Index at = weight_index(index);
    return (with_weight ? element(weight, at) : 1) * normalized + (with_bias ? element(bias, at) : 0);
  };
  Sample sample = {.function =
                       [=](Inputs in) {
                         return normalize(in[0], with_weight ? in[1] : Tensor(),
                                          with_bias ? in[with_weight ? 2 : 1] : Tensor());
                       },
                   .inputs = {x},
                   .expected = made_of(x.shape(), value),
                   .options = "eps " + std::to_string(eps)};
  if (with_weight) sample.inputs.push_back(weight);
  if (with_bias) sample.inputs.push_back(bias);
  return sample;
}

/// A shape of rank `least` to 4 with at least two elements per sample and channel.
inline Shape random_channels(Generator& random, int least, std::int64_t channels) {
  const auto rank = static_cast<int>(random.between(least, 4));
  const std::int64_t samples = random.between(2, 3);
  if (rank == 2) return {samples, channels};
  if (rank == 3) return {samples, channels, random.between(2, 5)};
  return {samples, channels, random.between(1, 3), random.between(2, 4)};
}

/// An eps that keeps the curvature low for variances of few values.
inline double random_eps(Generator& random) {
  return random.real(0.1, 0.5);
}

}  // namespace tapestry::testing
