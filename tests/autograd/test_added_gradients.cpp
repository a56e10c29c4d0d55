// Gradients of convolutions that are added to another gradient rather than computed alone.
#include <vector>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/detail/lazy_elementwise.hpp>
#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/random.hpp>

#include "autograd/generate.hpp"

namespace test_added_gradients {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// The gradient of x when x is also read by a multiplication, whose gradient arrives first. `is_fused` says whether the
/// convolution is to add its gradient as it stores, so that it is still pending when the sum is complete.
Array gradient_beside_another(const Array& value, const Array& weight, const Array& seed, const Conv2dOptions& options,
                              const Array& other_seed, bool is_fused) {
  const Tensor x = leaf(value);
  bool is_seen = false;
  x.register_hook([&](const Tensor& gradient) {
    const auto sum = detail::pending(gradient);
    REQUIRE((sum && sum->is_costly()) == is_fused);
    is_seen = true;
    return Tensor();
  });
  const Tensor y = conv2d(x, weight, {}, options);
  const Tensor product = 3 * x;
  // Differentiates both at once: ⟨y, seed⟩ + ⟨product, other_seed⟩.
  (sum(y * Tensor(seed)) + sum(product * Tensor(other_seed))).backward();
  REQUIRE(is_seen);
  return x.grad().array();
}

Array gradient_alone(const Array& value, const Array& weight, const Array& seed, const Conv2dOptions& options) {
  const Tensor x = leaf(value);
  backward(conv2d(x, weight, {}, options), seed);
  return x.grad().array();
}

}  // namespace

TEST_CASE("the gradient of a convolution that is added to another gradient is exactly their sum") {
  RandomStream random{.seed = 5};
  for (const std::int64_t stride : {1, 2, 3}) {
    for (const MemoryFormat format : {MemoryFormat::row_major, MemoryFormat::channels_last}) {
      const Conv2dOptions options = {.stride = Pair(stride), .padding = Pair(1)};
      const Array x = random.normal({3, 70, 11, 13}, 0, 1, DType::f32).contiguous(format);
      const Array weight = random.normal({66, 70, 3, 3}, 0, 1, DType::f32);
      const Shape result = conv2d(x, weight, {}, options).shape();
      const Array seed = random.normal(result, 0, 1, DType::f32),
                  other = random.normal(x.shape(), 0, 1, DType::f32).contiguous(format);
      const Array wanted = (3 * Tensor(other) + Tensor(gradient_alone(x, weight, seed, options))).array();
      REQUIRE(values_of(gradient_beside_another(x, weight, seed, options, other, true)) == values_of(wanted));
      const AnomalyGuard computes_it_alone;
      REQUIRE(values_of(gradient_beside_another(x, weight, seed, options, other, false)) == values_of(wanted));
    }
  }
}

}  // namespace test_added_gradients
