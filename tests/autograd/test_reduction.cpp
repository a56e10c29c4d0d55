#include <cmath>
#include <vector>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>

#include "autograd/generate.hpp"

namespace test_reduction {

using namespace tapestry;
using namespace tapestry::testing;

TEST_CASE("sum and mean over all axes are scalars") {
  Generator random(2);
  for (int i = 0; i < 30; ++i) {
    const Array x = random.integers(random.shape(0, 4, 4), DType::f64);
    double total = 0;
    for (const double value : values_of(x)) total += value;
    REQUIRE(sum(x).shape() == Shape{});
    REQUIRE(sum(x).item() == total);
    REQUIRE(std::abs(mean(x).item() * static_cast<double>(x.numel()) - total) <= 1e-14 * total);
  }
  require_equal(sum(Array::zeros({0, 3}), {0}).array(), Array::zeros({3}));
}

TEST_CASE("reductions take one axis as well as a list") {
  const Tensor x = Generator(4).reals({2, 3, 4});
  const auto same = [](const Tensor& a, const Tensor& b) { require_equal(a.array(), b.array()); };
  same(sum(x, 1), sum(x, {1}));
  same(sum(x, -1, true), sum(x, {2}, true));
  same(mean(x, 1, true), mean(x, {1}, true));
  same(var(x, 1, {.keepdim = true}), var(x, {1}, {.keepdim = true}));
  same(norm(x, 2, 1, true), norm(x, 2, {1}, true));
  same(amax(x, 1, true), amax(x, {1}, true));
  same(amin(x, 1, true), amin(x, {1}, true));
  same(amax(x, 1, true), max(x, 1, true).values);
  REQUIRE(mean(x, 1, true).shape() == Shape{2, 1, 4});
}

TEST_CASE("reductions over an empty list of axes reduce all of them") {
  const Tensor x = Generator(5).reals({2, 3, 4});
  const auto same = [](const Tensor& a, const Tensor& b) { require_equal(a.array(), b.array()); };
  same(sum(x, {}), sum(x));
  same(mean(x, std::vector<int>{}), mean(x));
  same(var(x, {}), var(x));
  same(norm(x, 3, {}), norm(x, 3));
  same(amax(x, {}), amax(x));
  same(amin(x, {}, true), amin(x, {0, 1, 2}, true));
  REQUIRE(amin(x, {}, true).shape() == Shape{1, 1, 1});
  REQUIRE(sum(Array::scalar(3), {}, true).shape() == Shape{});
}

TEST_CASE("sum_to and broadcast_to are each the adjoint of the other") {
  Generator random(3);
  for (int i = 0; i < 40; ++i) {
    const Array x = random.reals(random.shape(0, 4, 4));
    const Array y = random.reals(random.broadcastable(x.shape()));
    INFO(to_string(x) << " and " << to_string(y));
    // ⟨x, broadcast y⟩ = ⟨sum_to x, y⟩; both are sums of up to 256 products below 1.
    require_close(sum(x * broadcast_to(y, x.shape())).array(), sum(sum_to(Tensor(x), y.shape()) * y).array(), 1e-13);
  }
}

}  // namespace test_reduction
