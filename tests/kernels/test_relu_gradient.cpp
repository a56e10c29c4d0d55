#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include <tapestry/kernels/elementwise/relu_gradient.hpp>

#include "kernels/execution.hpp"

using namespace tapestry::kernels;

namespace {

template <class T>
std::vector<T> halves(std::size_t size, std::mt19937_64& random) {
  std::vector<T> values(size);
  for (T& value : values) value = static_cast<T>(static_cast<int>(random() % 33) - 16) / 2;
  return values;
}

// Sums of halves are exact in any order.
template <class T>
void require_gradient(std::int64_t rows, std::int64_t channels) {
  INFO(rows << " rows of " << channels);
  std::mt19937_64 random(static_cast<std::uint64_t>(rows * 1000 + channels));
  const auto size = static_cast<std::size_t>(rows * channels);
  const std::vector<T> dy = halves<T>(size, random);
  std::vector<T> y = halves<T>(size, random);
  if (size > 0) y.back() = std::numeric_limits<T>::quiet_NaN();
  std::vector<T> wanted(size);
  std::vector<double> wanted_sums(static_cast<std::size_t>(channels), 0.0);
  for (std::size_t i = 0; i < size; ++i) {
    wanted[i] = y[i] <= 0 ? T{0} : dy[i];
    wanted_sums[i % wanted_sums.size()] += static_cast<double>(wanted[i]);
  }
  std::vector<double> scratch(static_cast<std::size_t>(relu_gradient_scratch(rows, channels)), 99.0);
  std::vector<double> sums(wanted_sums.size(), 99.0);
  std::vector<T> dx(size, 99);
  relu_gradient(rows, channels, dy.data(), y.data(), dx.data(), sums.data(), scratch.data());
  REQUIRE(dx == wanted);
  REQUIRE(sums == wanted_sums);

  std::vector<T> in_place = dy;
  relu_gradient(rows, channels, in_place.data(), y.data(), in_place.data(), sums.data(), scratch.data());
  REQUIRE(in_place == wanted);
  REQUIRE(sums == wanted_sums);
}

}  // namespace

TEST_CASE("the gradient of a relu and its sums are the definition to the bit on every instruction set") {
  tapestry::testing::for_each_target([] {
    tapestry::testing::for_each_thread_count([] {
      for (const std::int64_t channels : {1, 2, 3, 5, 7, 8, 13, 16, 24, 33, 64, 71, 127, 200}) {
        for (const std::int64_t rows : {0, 1, 2, 17, 1031}) {
          require_gradient<float>(rows, channels);
          require_gradient<double>(rows, channels);
        }
      }
    });
  });
}
