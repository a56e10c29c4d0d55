#include <cstdint>
#include <tuple>
#include <vector>

#include <tapestry/kernels/linalg/transpose.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

#include "catch.hpp"

namespace test_transpose {

using namespace tapestry;

namespace {

template <class T>
void check(std::int64_t batch, std::int64_t rows, std::int64_t columns) {
  INFO(batch << " of " << rows << " x " << columns);
  std::vector<T> in(static_cast<std::size_t>(batch * rows * columns));
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<T>(i % 251);
  std::vector<T> wanted;
  for (std::int64_t b = 0; b < batch; ++b) {
    for (std::int64_t column = 0; column < columns; ++column) {
      for (std::int64_t row = 0; row < rows; ++row) {
        wanted.push_back(in[static_cast<std::size_t>((b * rows + row) * columns + column)]);
      }
    }
  }
  // A guard on either side shows writes out of bounds.
  std::vector<T> out(in.size() + 2, T{99});
  kernels::transpose(batch, rows, columns, in.data(), out.data() + 1);
  REQUIRE(std::vector<T>(out.begin() + 1, out.end() - 1) == wanted);
  REQUIRE(out.front() == T{99});
  REQUIRE(out.back() == T{99});
}

}  // namespace

TEST_CASE("transpose moves every element for sizes around its tiles") {
  const std::vector<std::int64_t> sizes = {1, 2, 7, 31, 32, 33, 65};
  for (const std::int64_t rows : sizes) {
    for (const std::int64_t columns : sizes) {
      check<float>(1, rows, columns);
      check<std::uint8_t>(3, rows, columns);
      check<double>(2, rows, columns);
    }
  }
}

TEST_CASE("transpose of an empty matrix does nothing") {
  check<float>(0, 3, 4);
  check<float>(2, 0, 4);
  check<float>(2, 3, 0);
}

}  // namespace test_transpose
