// Convolutions directly after a batch norm whose result has not been read.
#include <vector>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/detail/lazy_elementwise.hpp>
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>

#include "autograd/generate.hpp"

namespace test_loaded_convolution {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

constexpr std::int64_t channels = 131;

struct Case {
  Tensor x, weight;
  Conv2dOptions options;

  Tensor normalized() const { return relu6(batch_norm(x, {}, {}, {}, {}, {.training = true})); }
  Tensor convolved(const Tensor& y) const { return conv2d(y, weight, {}, options); }
};

Case make(DType dtype, const Shape& weight, const Conv2dOptions& options) {
  return {leaf(Generator(1).reals({3, channels, 5, 4}).to(dtype).contiguous(MemoryFormat::channels_last)),
          leaf(Generator(2).reals(weight).to(dtype)), options};
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const DType dtype : {DType::f32, DType::f64}) {
    cases.push_back(make(dtype, {7, channels, 1, 1}, {}));
    cases.push_back(make(dtype, {channels, 1, 3, 2}, {.stride = {2, 1}, .padding = Pair{1, 0}, .groups = channels}));
  }
  return cases;
}

}  // namespace

TEST_CASE("a convolution that can load an epilogue leaves the preceding result uncomputed and gives the same bits") {
  for (const Case& c : all_cases()) {
    const Tensor read = c.normalized();
    (void)read.array();
    const Tensor expected = c.convolved(read);
    const auto gradients = grad(sum(expected * expected), {c.x, c.weight});

    const Tensor y = c.normalized();
    const Tensor z = c.convolved(y);
    require_equal(z.array(), expected.array());
    const auto others = grad(sum(z * z), {c.x, c.weight});
    REQUIRE(detail::pending(y));
    for (std::size_t i = 0; i < others.size(); ++i) require_equal(others[i].array(), gradients[i].array());
    require_equal(y.array(), read.array());
  }
}

TEST_CASE("a convolution that cannot load an epilogue computes the preceding result") {
  const Case c = make(DType::f32, {7, channels, 3, 3}, {});
  const Tensor y = c.normalized();
  REQUIRE(detail::pending(y));
  c.convolved(y);
  REQUIRE_FALSE(detail::pending(y));
}

}  // namespace test_loaded_convolution
