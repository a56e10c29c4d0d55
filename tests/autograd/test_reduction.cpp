#include <cmath>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>

#include "autograd/generate.hpp"

using namespace tapestry;
using namespace tapestry::testing;

TEST_CASE("sum and mean of everything are scalars") {
  Generator random(2);
  for (int i = 0; i < 30; ++i) {
    const Array x = random.whole_numbers(random.shape(0, 4, 4), DType::f64);
    double total = 0;
    for (const double value : values_of(x)) total += value;
    REQUIRE(sum(x).shape() == Shape{});
    REQUIRE(sum(x).item() == total);
    REQUIRE(std::abs(mean(x).item() * static_cast<double>(x.numel()) - total) <= 1e-14 * total);
  }
  require_equal(sum(Array::zeros({0, 3}), {0}).array(), Array::zeros({3}));
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
