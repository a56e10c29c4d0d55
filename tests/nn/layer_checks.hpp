// Checks shared by the tests of layers with random initial weights.
#pragma once

#include <algorithm>
#include <cmath>

#include <tapestry/autograd/tensor.hpp>

#include "core/generate.hpp"

namespace tapestry::testing {

/// Requires that the elements, at least 1000, look uniformly distributed in ±bound: all inside, some near both ends,
/// mean 0, variance bound²/3. The mean of n such numbers has a standard deviation of bound/√(3n) and their mean square
/// one of bound²·√(4/45n); 5 standard deviations are allowed.
inline void require_uniform(const Tensor& tensor, double bound) {
  const auto values = values_of(tensor.array());
  const auto n = static_cast<double>(values.size());
  REQUIRE(n >= 1000);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  // Rounding to float may move a value to the float nearest to the bound.
  REQUIRE(*low >= -bound * (1 + 1e-6));
  REQUIRE(*high <= bound * (1 + 1e-6));
  REQUIRE(*low < -0.98 * bound);
  REQUIRE(*high > 0.98 * bound);
  double mean = 0;
  double square = 0;
  for (const double value : values) {
    mean += value / n;
    square += value * value / n;
  }
  REQUIRE(std::abs(mean) < 5 * bound / std::sqrt(3 * n));
  REQUIRE(std::abs(square - bound * bound / 3) < 5 * bound * bound * std::sqrt(4 / (45 * n)));
}

/// True if nearly all elements differ from those of the other array: one in 2²⁴ floats is equal by chance.
inline bool mostly_different(const Tensor& a, const Tensor& b) {
  const auto first = values_of(a.array());
  const auto second = values_of(b.array());
  std::size_t equal = 0;
  for (std::size_t i = 0; i < first.size(); ++i) equal += first[i] == second[i] ? 1 : 0;
  return first.size() == second.size() && equal < 3;
}

}  // namespace tapestry::testing
