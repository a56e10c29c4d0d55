#include <string>
#include <vector>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/blocks/basic_block.hpp>

#include "nn/block_checks.hpp"
#include "required_fields.hpp"

namespace test_basic_block {

using namespace tapestry;
using namespace tapestry::testing;
using nn::BasicBlock;

namespace {

static_assert(is_required<&BasicBlock::Options::in_channels> && is_required<&BasicBlock::Options::out_channels>);

}  // namespace

TEST_CASE("a basic block keeps the shape or changes channels and size") {
  const Array x = Generator(1).reals({2, 4, 6, 5}).to(DType::f32);
  BasicBlock same({.in_channels = 4, .out_channels = 4});
  REQUIRE(same(x).shape() == Shape{2, 4, 6, 5});
  BasicBlock wider({.in_channels = 4, .out_channels = 7});
  REQUIRE(wider(x).shape() == Shape{2, 7, 6, 5});
  BasicBlock smaller({.in_channels = 4, .out_channels = 4, .stride = 2});
  REQUIRE(smaller(x).shape() == Shape{2, 4, 3, 3});
}

TEST_CASE("the parts of a basic block have the names of torchvision") {
  const std::vector<std::string> plain = {"conv1.weight", "bn1.weight", "bn1.bias",
                                          "conv2.weight", "bn2.weight", "bn2.bias"};
  REQUIRE(parameter_names(BasicBlock({.in_channels = 4, .out_channels = 4})) == plain);
  auto projected = plain;
  for (const char* name : {"downsample.0.weight", "downsample.1.weight", "downsample.1.bias"}) {
    projected.emplace_back(name);
  }
  REQUIRE(parameter_names(BasicBlock({.in_channels = 4, .out_channels = 4, .stride = 2})) == projected);
  REQUIRE(parameter_names(BasicBlock({.in_channels = 4, .out_channels = 6})) == projected);
}

TEST_CASE("a basic block computes its definition") {
  for (const std::int64_t stride : {1, 2}) {
    auto block = block_in_f64<BasicBlock>({.in_channels = 3, .out_channels = 3, .stride = stride});
    const auto p = block.parameters();
    const Tensor x = Generator(4).reals({2, 3, 5, 4});
    Tensor y = relu(batch_normalized(conv2d(x, p[0], {}, {.stride = stride, .padding = 1}), p[1], p[2]));
    y = batch_normalized(conv2d(y, p[3], {}, {.padding = 1}), p[4], p[5]);
    y = relu(y + (stride == 1 ? x : batch_normalized(conv2d(x, p[6], {}, {.stride = stride}), p[7], p[8])));
    require_equal(block(x).array(), y.array());
  }
}

TEST_CASE("the gradients of a basic block are correct for its input and every parameter") {
  for (const std::int64_t stride : {1, 2}) {
    INFO("stride " << stride);
    auto block = block_in_f64<BasicBlock>({.in_channels = 2, .out_channels = stride == 1 ? 2 : 3, .stride = stride});
    require_block_gradients(block, Generator(5).reals({2, 2, 4, 5}));
  }
}

TEST_CASE("a basic block with options out of range is rejected on construction") {
  REQUIRE_THROWS_AS(BasicBlock({.in_channels = 0, .out_channels = 4}), ValueError);
  REQUIRE_THROWS_AS(BasicBlock({.in_channels = 4, .out_channels = 4, .stride = 0}), ValueError);
}

}  // namespace test_basic_block
