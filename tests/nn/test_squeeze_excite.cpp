#include <string>
#include <vector>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/blocks/squeeze_excite.hpp>

#include "nn/block_checks.hpp"

namespace test_squeeze_excite {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
using nn::SqueezeExcite;

TEST_CASE("squeeze and excitation scales every channel by a factor of the image") {
  auto block = block_in_f64<SqueezeExcite>({.in_channels = 5, .squeeze_channels = 3});
  const Tensor x = Generator(1).reals({2, 5, 4, 3});
  const auto p = block.parameters();
  const Tensor hidden = relu(linear(mean(x, {2, 3}), flatten(p[0], 1), p[1]));
  const Tensor factors = sigmoid(linear(hidden, flatten(p[2], 1), p[3]));
  // Sums of at most 12 numbers below 1, in another order.
  require_close(block(x).array(), (x * reshape(factors, {2, 5, 1, 1})).array(), 1e-14);
}

TEST_CASE("the parts of squeeze and excitation have the names and shapes of torchvision") {
  const SqueezeExcite block({.in_channels = 6, .squeeze_channels = 2});
  REQUIRE(parameter_names(block) == std::vector<std::string>{"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"});
  REQUIRE(block.parameters()[0].shape() == Shape{2, 6, 1, 1});
  REQUIRE(block.parameters()[2].shape() == Shape{6, 2, 1, 1});
}

TEST_CASE("the gradients of squeeze and excitation are correct for its input and every parameter") {
  auto block = block_in_f64<SqueezeExcite>({.in_channels = 4, .squeeze_channels = 3});
  require_block_gradients(block, Generator(2).reals({2, 4, 3, 2}));
}

TEST_CASE("squeeze and excitation without channels is rejected on construction") {
  REQUIRE_THROWS_MATCHES(SqueezeExcite({.in_channels = 4, .squeeze_channels = 0}), ValueError,
                         Message("Conv2d: channels must be at least 1, got 4 → 0"));
}

}  // namespace test_squeeze_excite
