// Sums of many equal terms, whose exact values are known.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <tapestry/autograd/backward.hpp>

#include "autograd/generate.hpp"

namespace tapestry::testing {

/// The terms: 0.1 in f32, which has no short binary form.
inline constexpr double term = 0.1F;

// A sum is rounded once, and multiplied or divided once. Products add up at most 4096 terms in f32 before they use
// doubles, with a systematic error of a few units per hundred terms.
inline constexpr double of_sum = 2.5e-7, of_product = 3e-5;

/// An operator with `n` terms in every sum that `run` returns, all of which are `expected`.
struct Sum {
  std::string name;
  std::function<Array(std::int64_t n)> run;
  std::function<double(double n)> expected;
  double tolerance = of_sum;
};

inline Array full(const Shape& shape, double value = term) {
  return Array::full(shape, value);
}

/// The gradient of Σ function(x) · 0.1 at the zeros of `shape`.
inline Array gradient(const Shape& shape, const std::function<Tensor(const Tensor&)>& function) {
  const Tensor x = leaf(full(shape, 0));
  const Tensor y = function(x);
  return grad(y, {x}, full(y.shape()))[0].array();
}

inline double times_term(double n) {
  return term * n;
}
inline double just_term(double) {
  return term;
}

inline void check(const std::vector<Sum>& sums, std::int64_t n) {
  for (const Sum& one : sums) {
    const double expected = one.expected(static_cast<double>(n));
    for (const double value : values_of(one.run(n).reshape({-1}).slice(0, 1))) {
      INFO(one.name << " of " << n << " terms: " << value << " instead of " << expected);
      CHECK(std::abs(value - expected) <= one.tolerance * std::abs(expected));
    }
  }
}

inline constexpr std::int64_t million = std::int64_t{1} << 20;
/// Thirty million terms, for tests named "slow: ".
inline constexpr std::int64_t very_many = 30'000'000 / 64 * 64;

}  // namespace tapestry::testing
