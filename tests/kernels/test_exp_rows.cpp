#include <cmath>
#include <limits>
#include <vector>

#include <tapestry/kernels/elementwise/exp_rows.hpp>

#include "core/generate.hpp"

namespace test_exp_rows {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// The tolerance for values with an error of one unit in the last place each.
template <class T>
constexpr double rounding = 3 * std::numeric_limits<T>::epsilon();

template <class T>
void require_powers() {
  Generator random(1);
  for (std::int64_t size = 0; size < 40; ++size) {
    std::vector<T> x(static_cast<std::size_t>(size)), out(x);
    for (T& value : x) value = static_cast<T>(random.real(-30, 1));
    double wanted_sum = 0, wanted_row = 0;
    for (const T value : x) wanted_sum += std::exp(static_cast<double>(value) - 1.5);
    REQUIRE(std::abs(kernels::exp_sum(size, x.data(), 1.5) - wanted_sum) <= 1e-14 * wanted_sum);
    const double row = kernels::exp_row(size, x.data(), T{2}, out.data());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double wanted = std::exp(static_cast<double>(x[i] - T{2}));
      REQUIRE(std::abs(static_cast<double>(out[i]) - wanted) <= rounding<T> * wanted);
      wanted_row += static_cast<double>(out[i]);
    }
    REQUIRE(std::abs(row - wanted_row) <= 1e-14 * wanted_row);
    kernels::exp_row(size, x.data(), T{2}, x.data());
    REQUIRE(x == out);
  }
}

template <class T>
void require_edges() {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  for (const std::int64_t size : {1, 3, 8, 19}) {
    std::vector<T> x(static_cast<std::size_t>(size), T{0}), out(x);
    REQUIRE(kernels::exp_sum(size, x.data(), 0) == static_cast<double>(size));
    REQUIRE(kernels::exp_row(size, x.data(), T{0}, out.data()) == static_cast<double>(size));
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = -infinity;
      REQUIRE(kernels::exp_sum(size, x.data(), 0) == static_cast<double>(size - 1));
      REQUIRE(kernels::exp_row(size, x.data(), T{0}, out.data()) == static_cast<double>(size - 1));
      REQUIRE(out[i] == 0);
      x[i] = std::numeric_limits<T>::quiet_NaN();
      REQUIRE(std::isnan(kernels::exp_sum(size, x.data(), 0)));
      REQUIRE(std::isnan(kernels::exp_row(size, x.data(), T{0}, out.data())));
      REQUIRE(std::isnan(out[i]));
      x[i] = 0;
    }
  }
}

}  // namespace

TEST_CASE("exponentials of rows match the standard library at any size") {
  require_powers<float>();
  require_powers<double>();
}

TEST_CASE("exponentials of rows are exact for 0 and minus infinity and keep NaN") {
  require_edges<float>();
  require_edges<double>();
}

}  // namespace test_exp_rows
