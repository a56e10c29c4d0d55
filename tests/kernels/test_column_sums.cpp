#include <cstdint>
#include <random>
#include <vector>

#include <tapestry/kernels/reduction/column_sums.hpp>

#include "kernels/execution.hpp"

namespace test_column_sums {

using namespace tapestry::kernels;

namespace {

template <class T>
void require_sums(std::int64_t rows, std::int64_t columns) {
  std::mt19937_64 random(static_cast<std::uint64_t>(rows * 1000 + columns));
  std::normal_distribution<double> normal;
  std::vector<T> in(static_cast<std::size_t>(rows * columns));
  for (T& value : in) value = static_cast<T>(normal(random));
  std::vector<double> wanted(static_cast<std::size_t>(columns), 0.0);
  for (std::size_t i = 0; i < in.size(); ++i) wanted[i % wanted.size()] += static_cast<double>(in[i]);
  std::vector<double> sums(wanted.size(), 99.0);
  column_sums(rows, columns, in.data(), sums.data());
  INFO(rows << " rows of " << columns);
  REQUIRE(sums == wanted);
}

}  // namespace

TEST_CASE("column sums have the bits of sums in row order on every instruction set") {
  tapestry::testing::for_each_target([] {
    for (const std::int64_t columns : {1, 2, 3, 4, 7, 8, 13, 16, 31, 32, 33, 64, 71}) {
      for (const std::int64_t rows : {0, 1, 2, 17}) {
        require_sums<float>(rows, columns);
        require_sums<double>(rows, columns);
      }
    }
  });
}

}  // namespace test_column_sums
