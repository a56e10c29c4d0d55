// Matrices and their plain products, for the tests of products.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace tapestry::testing {

struct Sizes {
  std::int64_t m, n, k;
};

/// Small integers, whose sums are exact in any order.
template <class T>
std::vector<T> integers(std::int64_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<T> result(static_cast<std::size_t>(size));
  for (T& value : result) value = static_cast<T>(static_cast<std::int64_t>(random() % 9) - 4);
  return result;
}

template <class T>
std::vector<T> plain_product(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
                             const std::vector<T>& a, const std::vector<T>& b) {
  std::vector<T> c;
  for (std::int64_t row = 0; row < m; ++row) {
    for (std::int64_t column = 0; column < n; ++column) {
      T sum = 0;
      for (std::int64_t i = 0; i < k; ++i) {
        sum += a[static_cast<std::size_t>(transpose_a ? i * m + row : row * k + i)] *
               b[static_cast<std::size_t>(transpose_b ? column * k + i : i * n + column)];
      }
      c.push_back(sum);
    }
  }
  return c;
}

}  // namespace tapestry::testing
