#include <cstdint>
#include <type_traits>

#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/conv/unfold.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>

#include "catch.hpp"

namespace test_pair {

using namespace tapestry;

namespace {

static_assert(std::is_convertible_v<int, Pair> && std::is_convertible_v<std::int64_t, Pair>);
static_assert(std::is_constructible_v<Pair, int, std::int64_t>);
static_assert(!std::is_constructible_v<Pair, double> && !std::is_constructible_v<Pair, bool>);
static_assert(!std::is_constructible_v<Pair, int, double> && !std::is_constructible_v<Pair, float, int>);

static_assert(std::is_convertible_v<int, Padding> && std::is_convertible_v<Pair, Padding>);
static_assert(std::is_constructible_v<Padding, int, std::int64_t>);
static_assert(!std::is_constructible_v<Padding, double> && !std::is_constructible_v<Padding, int, double>);
static_assert(std::is_convertible_v<int, Padding1d>);
static_assert(!std::is_constructible_v<Padding1d, double>);

template <class T>
concept KernelOf = requires {
  MaxPool2dOptions{.kernel_size = T{3}};
  MaxPool2dOptions{.kernel_size = {T{1}, T{7}}};
};
static_assert(KernelOf<int> && !KernelOf<double>);

}  // namespace

TEST_CASE("both numbers of a pair can be given in braces") {
  const UnfoldOptions window = {.kernel_size = {1, 7}, .padding = {0, 3}};
  REQUIRE(window.kernel_size.get() == Pair(1, 7));
  REQUIRE(window.padding == Pair(0, 3));
  const Conv2dOptions options = {.stride = 2, .padding = {2, 3}};
  REQUIRE(options.stride == Pair(2, 2));
  REQUIRE(options.padding.amount == Pair(2, 3));
}

}  // namespace test_pair
