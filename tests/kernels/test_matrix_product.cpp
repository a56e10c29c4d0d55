#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include <tapestry/kernels/linalg/matrix_product.hpp>

#include "kernels/conv2d_cases.hpp"
#include "kernels/execution.hpp"
#include "kernels/matrix_cases.hpp"

namespace test_matrix_product {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

struct Flags {
  bool transpose_a, transpose_b;
};
constexpr Flags all_flags[] = {{false, false}, {false, true}, {true, false}, {true, true}};

template <class T>
std::vector<T> product(const Flags& flags, const Sizes& sizes, const std::vector<T>& a, const std::vector<T>& b) {
  const auto& [m, n, k] = sizes;
  const auto& [transpose_a, transpose_b] = flags;
  std::vector<T> c(static_cast<std::size_t>(m * n), static_cast<T>(NAN));
  const auto memory = conv2d_cases::workspace(kernels::matrix_product_workspace<T>(transpose_a, transpose_b, m, n, k));
  kernels::matrix_product(transpose_a, transpose_b, m, n, k, a.data(), b.data(), c.data(), memory.get());
  return c;
}

template <class T>
void check(const Sizes& sizes) {
  const auto& [m, n, k] = sizes;
  const auto a = integers<T>(m * k, 1);
  const auto b = integers<T>(k * n, 2);
  for (const Flags& flags : all_flags) {
    INFO(m << " x " << k << " times " << k << " x " << n << ", transposed " << flags.transpose_a << flags.transpose_b);
    const std::vector<T> wanted = plain_product(flags.transpose_a, flags.transpose_b, m, n, k, a, b);
    for_each_target([&] { REQUIRE(product(flags, sizes, a, b) == wanted); });
  }
}

}  // namespace

// On either side of the sizes at which OpenBLAS and the weight gradient are chosen.
TEST_CASE("matrix_product is exact on integers on every instruction set whether transposed or not") {
  for (const Sizes& sizes : {Sizes{48, 32, 32}, Sizes{47, 32, 32}, Sizes{48, 31, 32}, Sizes{48, 32, 31},
                             Sizes{131, 67, 41}, Sizes{61, 257, 129}, Sizes{49, 35, 2047}, Sizes{53, 37, 2049}}) {
    check<float>(sizes);
    check<double>(sizes);
  }
}

TEST_CASE("matrix_product of empty matrices is empty or zeros") {
  REQUIRE(product<float>({false, true}, {50, 40, 0}, {}, {}) == std::vector<float>(2000, 0));
  REQUIRE(product<float>({true, false}, {0, 40, 50}, {}, integers<float>(2000, 1)).empty());
  REQUIRE(product<float>({false, false}, {50, 0, 40}, integers<float>(2000, 1), {}).empty());
}

TEST_CASE("matrix_product has the same bits at any number of threads") {
  const ThreadCount one(1);
  std::mt19937_64 random(4);
  std::normal_distribution<float> normal;
  for (const Sizes& sizes : {Sizes{130, 250, 300}, Sizes{60, 70, 2500}}) {
    std::vector<float> a(static_cast<std::size_t>(sizes.m * sizes.k)), b(static_cast<std::size_t>(sizes.k * sizes.n));
    for (float& value : a) value = normal(random);
    for (float& value : b) value = normal(random);
    for (const Flags& flags : all_flags) {
      set_num_threads(1);
      const auto wanted = product(flags, sizes, a, b);
      for (const int threads : {2, 3, 4, 8}) {
        set_num_threads(threads);
        REQUIRE(product(flags, sizes, a, b) == wanted);
      }
    }
  }
}

TEST_CASE("matrix_product propagates NaN to the results it is part of") {
  const Sizes sizes = {60, 40, 50};
  std::vector<float> a(3000, 0);
  const std::vector<float> b(2000, 0);
  a[50 * 7 + 3] = NAN;
  const auto c = product({false, true}, sizes, a, b);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < c.size(); ++i) {
    if (std::isnan(c[i]) != (i / 40 == 7)) ++wrong;
  }
  REQUIRE(wrong == 0);
}

}  // namespace test_matrix_product
