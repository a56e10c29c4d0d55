#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/blocks/inverted_residual.hpp>

#include "core/generate.hpp"

namespace test_inverted_residual {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

Array image(std::int64_t channels) {
  return Generator(1).reals({2, channels, 6, 7}).to(DType::f32);
}

}  // namespace

TEST_CASE("an inverted residual adds its input if the shape is the same") {
  nn::InvertedResidual same({.in_channels = 4, .out_channels = 4});
  same.eval();
  auto& conv = same.get_submodule<nn::Sequential>("conv");
  require_equal(same(image(4)).array(), (Tensor(image(4)) + conv(image(4))).array());

  nn::InvertedResidual wider({.in_channels = 4, .out_channels = 6});
  wider.eval();
  require_equal(wider(image(4)).array(), wider.get_submodule<nn::Sequential>("conv")(image(4)).array());
  nn::InvertedResidual halved({.in_channels = 4, .out_channels = 4, .stride = 2});
  REQUIRE(halved(image(4)).shape() == Shape{2, 4, 3, 4});
}

TEST_CASE("an inverted residual expands channels unless the ratio is 1") {
  const nn::InvertedResidual expanded({.in_channels = 4, .out_channels = 8, .expand_ratio = 3});
  REQUIRE(expanded.named_parameters().front().tensor.shape() == Shape{12, 4, 1, 1});
  const nn::InvertedResidual plain({.in_channels = 4, .out_channels = 8, .expand_ratio = 1});
  REQUIRE(plain.named_parameters().front().tensor.shape() == Shape{4, 1, 3, 3});
  REQUIRE_THROWS_WITH(nn::InvertedResidual({.in_channels = 4, .out_channels = 8, .expand_ratio = 0}),
                      "InvertedResidual: expand_ratio must be at least 1, got 0");
}

}  // namespace test_inverted_residual
