#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include <tapestry/kernels/linalg/blas.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

#include "catch.hpp"
#include "kernels/execution.hpp"
#include "kernels/matrix_cases.hpp"

namespace test_blas {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

template <class T>
std::vector<T> product(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
                       const std::vector<T>& a, const std::vector<T>& b) {
  // The previous contents must not affect the result, not even as NaN · 0.
  std::vector<T> c(static_cast<std::size_t>(m * n), static_cast<T>(NAN));
  kernels::gemm(transpose_a, transpose_b, m, n, k, a.data(), b.data(), c.data());
  return c;
}

template <class T>
void check(const Sizes& sizes) {
  const auto& [m, n, k] = sizes;
  const auto a = integers<T>(m * k, 1);
  const auto b = integers<T>(k * n, 2);
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      INFO(m << " x " << k << " times " << k << " x " << n << ", transposed " << transpose_a << transpose_b);
      REQUIRE(product(transpose_a, transpose_b, m, n, k, a, b) ==
              plain_product(transpose_a, transpose_b, m, n, k, a, b));
    }
  }
}

}  // namespace

TEST_CASE("gemm multiplies matrices of all sizes whether transposed or not") {
  std::mt19937_64 random(3);
  const auto size = [&] { return static_cast<std::int64_t>(random() % 20) + 1; };
  for (int i = 0; i < 30; ++i) {
    check<float>({size(), size(), size()});
    check<double>({size(), size(), size()});
  }
}

// A call of OpenBLAS gets 128 rows by 256 columns.
TEST_CASE("gemm is correct around the edges of its blocks") {
  for (const Sizes& sizes : {Sizes{128, 256, 3}, Sizes{129, 257, 3}, Sizes{127, 255, 5}, Sizes{300, 1, 4},
                             Sizes{1, 600, 4}, Sizes{260, 513, 2}}) {
    check<float>(sizes);
    check<double>(sizes);
  }
}

TEST_CASE("gemm of depth zero gives zeros and gemm of no rows writes nothing") {
  REQUIRE(product<float>(false, false, 2, 3, 0, {}, {}) == std::vector<float>(6, 0));
  REQUIRE(product<double>(true, true, 2, 1, 0, {}, {}) == std::vector<double>(2, 0));
  REQUIRE(product<float>(false, true, 0, 3, 2, {}, integers<float>(6, 1)).empty());
  REQUIRE(product<float>(true, false, 3, 0, 2, integers<float>(6, 1), {}).empty());
}

TEST_CASE("gemm gives the same bits at any number of threads") {
  const ThreadCount one(1);
  std::mt19937_64 random(4);
  std::normal_distribution<float> normal;
  // The second is a single block, which OpenBLAS would otherwise divide among threads.
  for (const auto& [m, n, k] : {Sizes{300, 270, 200}, Sizes{120, 250, 3000}}) {
    std::vector<float> a(static_cast<std::size_t>(m * k)), b(static_cast<std::size_t>(k * n));
    for (float& value : a) value = normal(random);
    for (float& value : b) value = normal(random);
    set_num_threads(1);
    const auto wanted = product(false, false, m, n, k, a, b);
    for (int threads = 2; threads <= 4; ++threads) {
      set_num_threads(threads);
      REQUIRE(product(false, false, m, n, k, a, b) == wanted);
    }
  }
}

TEST_CASE("gemm propagates NaN to the results it is part of") {
  std::vector<double> a = {1, 2, 3, 4};
  const std::vector<double> b = {0, 1, 0, 1};
  a[1] = NAN;
  const auto c = product(false, false, 2, 2, 2, a, b);
  REQUIRE(std::isnan(c[0]));
  REQUIRE(std::isnan(c[1]));
  REQUIRE(c[2] == 0);
  REQUIRE(c[3] == 7);
}

}  // namespace test_blas
