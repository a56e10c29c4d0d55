#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include <tapestry/kernels/elementwise/vector_math.hpp>

#include "catch.hpp"

namespace test_vector_math {

using namespace tapestry;

namespace {

template <class T>
using Function = void (*)(std::int64_t, T*);

template <class T>
constexpr T infinity = std::numeric_limits<T>::infinity();

/// f applied to a buffer with space for whole vectors.
template <class T>
std::vector<T> computed(Function<T> f, const std::vector<T>& at) {
  std::vector<T> values = at;
  values.resize((values.size() + kernels::vector_padding - 1) / kernels::vector_padding * kernels::vector_padding);
  f(static_cast<std::int64_t>(at.size()), values.data());
  values.resize(at.size());
  return values;
}

/// Requires five units in the last place, where results are normal numbers, at 1003 points from low to high.
template <class T>
void check(Function<T> f, const std::function<long double(long double)>& plain, double low, double high) {
  std::vector<T> at;
  for (int i = 0; i <= 1002; ++i) at.push_back(static_cast<T>(low + (high - low) * i / 1002));
  const std::vector<T> got = computed(f, at);
  for (std::size_t i = 0; i < at.size(); ++i) {
    const long double wanted = plain(static_cast<long double>(at[i]));
    INFO("at " << at[i] << ": got " << got[i] << ", wanted " << static_cast<double>(wanted));
    const long double unit = std::max(std::abs(wanted), static_cast<long double>(std::numeric_limits<T>::min())) *
                             static_cast<long double>(std::numeric_limits<T>::epsilon());
    REQUIRE(std::abs(static_cast<long double>(got[i]) - wanted) <= 5 * unit);
  }
}

template <class T>
void check_all(double largest_exponent) {
  const auto exp = [](long double x) { return std::exp(x); };
  check<T>(kernels::vector_exp, exp, -1, 1);
  check<T>(kernels::vector_exp, exp, -0.98 * largest_exponent, largest_exponent);
  check<T>(kernels::vector_exp, exp, 0.98 * largest_exponent, largest_exponent);
  check<T>(
      kernels::vector_expm1, [](long double x) { return std::expm1(x); }, -1, 0);
  check<T>(
      kernels::vector_expm1, [](long double x) { return std::expm1(x); }, -100, 0);
  check<T>(
      kernels::vector_log1p, [](long double x) { return std::log1p(x); }, 0, 1);
  check<T>(
      kernels::vector_log1p, [](long double x) { return std::log1p(x); }, 0, 1e6);
  check<T>(
      kernels::vector_tanh, [](long double x) { return std::tanh(x); }, -1, 1);
  check<T>(
      kernels::vector_tanh, [](long double x) { return std::tanh(x); }, -30, 30);
}

template <class T>
void check_ends() {
  const auto is_nan = [](T x) { return std::isnan(x); };
  const T nan = std::numeric_limits<T>::quiet_NaN();
  const T inf = infinity<T>;
  const auto exp = computed<T>(kernels::vector_exp, {nan, inf, -inf, 0, 1000, -10000, 10000});
  REQUIRE(is_nan(exp[0]));
  REQUIRE(std::vector<T>(exp.begin() + 1, exp.end()) == std::vector<T>{inf, 0, 1, inf, 0, inf});
  const auto expm1 = computed<T>(kernels::vector_expm1, {nan, -inf, 0, -10000});
  REQUIRE(is_nan(expm1[0]));
  REQUIRE(std::vector<T>(expm1.begin() + 1, expm1.end()) == std::vector<T>{-1, 0, -1});
  const auto tanh = computed<T>(kernels::vector_tanh, {nan, inf, -inf, 0, 10000, -10000});
  REQUIRE(is_nan(tanh[0]));
  REQUIRE(std::vector<T>(tanh.begin() + 1, tanh.end()) == std::vector<T>{1, -1, 0, 1, -1});
  const auto log1p = computed<T>(kernels::vector_log1p, {nan, 0});
  REQUIRE(is_nan(log1p[0]));
  REQUIRE(log1p[1] == 0);
}

}  // namespace

TEST_CASE("vector functions match the standard library to five units in the last place") {
  check_all<float>(88.7);
  check_all<double>(709.7);
}

TEST_CASE("vector functions are exact at infinity and for large values and NaN stays NaN") {
  check_ends<float>();
  check_ends<double>();
}

TEST_CASE("a value has the same result at any position in a buffer") {
  std::vector<float> at;
  for (int i = 0; i < 53; ++i) at.push_back(0.37F);
  for (const auto f : {Function<float>(kernels::vector_exp), Function<float>(kernels::vector_tanh)}) {
    const auto values = computed<float>(f, at);
    for (const float value : values) REQUIRE(value == values[0]);
  }
}

}  // namespace test_vector_math
