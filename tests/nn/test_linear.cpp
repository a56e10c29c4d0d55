#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/layers/linear.hpp>

#include "nn/layer_checks.hpp"
#include "required_fields.hpp"

namespace test_linear {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;

namespace {

static_assert(is_required<&nn::Linear::Options::in_features> && is_required<&nn::Linear::Options::out_features>);
static_assert(!is_required<&nn::Linear::Options::bias>);

}  // namespace

TEST_CASE("a linear layer is the linear operator with its weight and bias") {
  manual_seed(1);
  const Array x = Generator(1).reals({4, 7}).to(DType::f32);
  nn::Linear layer({.in_features = 7, .out_features = 3});
  REQUIRE(layer.weight().shape() == Shape{3, 7});
  REQUIRE(layer.bias().shape() == Shape{3});
  REQUIRE(layer(x).shape() == Shape{4, 3});
  require_equal(layer(x).array(), linear(x, layer.weight(), layer.bias()).array());

  nn::Linear bare({.in_features = 7, .out_features = 3, .bias = false});
  REQUIRE_FALSE(bare.bias().defined());
  REQUIRE(bare.parameters().size() == 1);
  require_equal(bare(x).array(), linear(x, bare.weight()).array());
}

TEST_CASE("a linear layer is initialized within one over the root of in_features") {
  manual_seed(2);
  const nn::Linear layer({.in_features = 16, .out_features = 1500});
  require_uniform(layer.weight(), 0.25);
  require_uniform(layer.bias(), 0.25);
}

TEST_CASE("two linear layers have different initial weights") {
  const nn::Linear::Options options = {.in_features = 16, .out_features = 16};
  manual_seed(3);
  const nn::Linear first(options);
  const nn::Linear second(options);
  REQUIRE(mostly_different(first.weight(), second.weight()));
  REQUIRE(mostly_different(first.bias(), second.bias()));
  manual_seed(3);
  const nn::Linear again(options);
  require_equal(again.weight().array(), first.weight().array());
  require_equal(again.bias().array(), first.bias().array());
}

TEST_CASE("a linear layer without features is rejected on construction") {
  REQUIRE_THROWS_MATCHES(nn::Linear({.in_features = 0, .out_features = 4}), ValueError,
                         Message("Linear: features must be at least 1, got 0 → 4"));
  REQUIRE_THROWS_MATCHES(nn::Linear({.in_features = 4, .out_features = -1}), ValueError,
                         Message("Linear: features must be at least 1, got 4 → -1"));
}

}  // namespace test_linear
