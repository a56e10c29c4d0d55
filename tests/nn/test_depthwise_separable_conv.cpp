#include <string>
#include <vector>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/blocks/depthwise_separable_conv.hpp>

#include "nn/block_checks.hpp"

namespace test_depthwise_separable_conv {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
using nn::DepthwiseSeparableConv;

TEST_CASE("a depthwise separable convolution has an eighth of the weights of a full one") {
  const DepthwiseSeparableConv separable(
      {.in_channels = 32, .out_channels = 64, .kernel_size = 3, .padding = 1, .bias = false});
  std::int64_t weights = 0;
  for (const Tensor& parameter : separable.parameters()) weights += parameter.numel();
  REQUIRE(weights == 2336);
  const nn::Conv2d full({.in_channels = 32, .out_channels = 64, .kernel_size = 3, .bias = false});
  REQUIRE(full.weight().numel() == 18'432);
  REQUIRE(std::round(100.0 * 18'432 / 2336) == 789);
}

TEST_CASE("a depthwise separable convolution is a full one with the product of its weights") {
  auto block = block_in_f64<DepthwiseSeparableConv>(
      {.in_channels = 3, .out_channels = 5, .kernel_size = Pair(3, 2), .stride = Pair(1, 2), .padding = Pair(1, 0)});
  REQUIRE(parameter_names(block) == std::vector<std::string>{"depthwise.weight", "pointwise.weight", "pointwise.bias"});
  const auto p = block.parameters();
  const Tensor product = reshape(p[0], {1, 3, 3, 2}) * p[1];
  const Tensor x = Generator(1).reals({2, 3, 6, 7});
  // Sums of at most 18 products of numbers below 1.
  require_close(block(x).array(), conv2d(x, product, p[2], {.stride = Pair(1, 2), .padding = Pair(1, 0)}).array(),
                1e-14);
}

TEST_CASE("the gradients of a depthwise separable convolution are correct for its input and every parameter") {
  auto block = block_in_f64<DepthwiseSeparableConv>(
      {.in_channels = 2, .out_channels = 3, .kernel_size = 3, .stride = 2, .padding = 1});
  require_block_gradients(block, Generator(2).reals({2, 2, 5, 4}));
}

TEST_CASE("a depthwise separable convolution with options out of range is rejected on construction") {
  REQUIRE_THROWS_MATCHES(DepthwiseSeparableConv({.in_channels = 2, .out_channels = 3, .kernel_size = 0}), ValueError,
                         Message("Conv2d: kernel_size must be at least 1, got (0, 0)"));
  REQUIRE_THROWS_MATCHES(DepthwiseSeparableConv({.in_channels = 2, .out_channels = 0, .kernel_size = 1}), ValueError,
                         Message("Conv2d: channels must be at least 1, got 2 → 0"));
}

}  // namespace test_depthwise_separable_conv
