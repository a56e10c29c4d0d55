#include <string>
#include <vector>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/blocks/pre_act_block.hpp>
#include <tapestry/nn/init.hpp>

#include "nn/block_checks.hpp"

namespace test_pre_act_block {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
using nn::PreActBlock;

TEST_CASE("a pre-activation block keeps the shape or changes channels and size") {
  const Array x = Generator(1).reals({2, 4, 6, 5}).to(DType::f32);
  REQUIRE(PreActBlock({.in_channels = 4, .out_channels = 4})(x).shape() == Shape{2, 4, 6, 5});
  REQUIRE(PreActBlock({.in_channels = 4, .out_channels = 7})(x).shape() == Shape{2, 7, 6, 5});
  REQUIRE(PreActBlock({.in_channels = 4, .out_channels = 4, .stride = 2})(x).shape() == Shape{2, 4, 3, 3});
}

TEST_CASE("the parts of a pre-activation block are named in order of execution") {
  std::vector<std::string> names = {"bn1.weight", "bn1.bias", "conv1.weight", "bn2.weight", "bn2.bias", "conv2.weight"};
  REQUIRE(parameter_names(PreActBlock({.in_channels = 4, .out_channels = 4})) == names);
  names.emplace_back("downsample.weight");
  REQUIRE(parameter_names(PreActBlock({.in_channels = 4, .out_channels = 4, .stride = 2})) == names);
  REQUIRE(parameter_names(PreActBlock({.in_channels = 4, .out_channels = 6})) == names);
}

TEST_CASE("a pre-activation block computes its definition") {
  for (const std::int64_t stride : {1, 2}) {
    auto block = block_in_f64<PreActBlock>({.in_channels = 3, .out_channels = 3, .stride = stride});
    const auto p = block.parameters();
    const Tensor x = Generator(4).reals({2, 3, 5, 4});
    const Tensor a = relu(batch_normalized(x, p[0], p[1]));
    const Tensor y = relu(batch_normalized(conv2d(a, p[2], {}, {.stride = stride, .padding = 1}), p[3], p[4]));
    const Tensor shortcut = stride == 1 ? x : conv2d(a, p[6], {}, {.stride = stride});
    require_equal(block(x).array(), (conv2d(y, p[5], {}, {.padding = 1}) + shortcut).array());
  }
}

TEST_CASE("a pre-activation block passes its input through unchanged on the shortcut") {
  PreActBlock block({.in_channels = 4, .out_channels = 4});
  nn::init::constant(block.get_submodule<nn::Conv2d>("conv2").weight(), 0);
  const Array x = Generator(3).reals({2, 4, 3, 5}).to(DType::f32);
  require_equal(block(x).array(), x);
}

TEST_CASE("the gradients of a pre-activation block are correct for its input and every parameter") {
  for (const std::int64_t stride : {1, 2}) {
    INFO("stride " << stride);
    auto block = block_in_f64<PreActBlock>({.in_channels = 2, .out_channels = stride == 1 ? 2 : 3, .stride = stride});
    require_block_gradients(block, Generator(5).reals({2, 2, 4, 5}));
  }
}

TEST_CASE("a pre-activation block with options out of range is rejected on construction") {
  REQUIRE_THROWS_MATCHES(PreActBlock({.in_channels = 0, .out_channels = 4}), ValueError,
                         Message("BatchNorm2d: num_features must be at least 1, got 0"));
  REQUIRE_THROWS_MATCHES(PreActBlock({.in_channels = 4, .out_channels = 4, .stride = 0}), ValueError,
                         Message("Conv2d: stride must be at least 1, got (0, 0)"));
}

}  // namespace test_pre_act_block
