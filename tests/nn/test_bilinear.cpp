#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/layers/bilinear.hpp>

#include "nn/layer_checks.hpp"

namespace test_bilinear {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;

TEST_CASE("a bilinear layer is the bilinear operator with its weight and bias") {
  manual_seed(1);
  Generator random(1);
  const Array x1 = random.reals({4, 7}).to(DType::f32);
  const Array x2 = random.reals({4, 5}).to(DType::f32);
  nn::Bilinear layer({.in1_features = 7, .in2_features = 5, .out_features = 3});
  REQUIRE(layer.weight().shape() == Shape{3, 7, 5});
  REQUIRE(layer.bias().shape() == Shape{3});
  require_equal(layer(x1, x2).array(), bilinear(x1, x2, layer.weight(), layer.bias()).array());

  nn::Bilinear bare({.in1_features = 7, .in2_features = 7, .out_features = 2, .bias = false});
  REQUIRE_FALSE(bare.bias().defined());
  REQUIRE(bare.parameters().size() == 1);
  require_equal(bare(x1, x1).array(), bilinear(x1, x1, bare.weight()).array());
}

TEST_CASE("a bilinear layer is initialized within one over the root of in1_features") {
  manual_seed(2);
  const nn::Bilinear layer({.in1_features = 16, .in2_features = 3, .out_features = 1500});
  require_uniform(layer.weight(), 0.25);
  require_uniform(layer.bias(), 0.25);
}

TEST_CASE("a bilinear layer without features is rejected on construction") {
  REQUIRE_THROWS_MATCHES(nn::Bilinear({.in1_features = 4, .in2_features = 0, .out_features = 2}), ValueError,
                         Message("Bilinear: features must be at least 1, got 4 and 0 → 2"));
}

}  // namespace test_bilinear
