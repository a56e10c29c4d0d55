#include <string>
#include <vector>

#include <tapestry/autograd/gradcheck.hpp>
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/blocks/unet_block.hpp>

#include "core/generate.hpp"

namespace test_unet_block {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

nn::UNetBlock block_in_f64() {
  manual_seed(1);
  nn::UNetBlock block({.in_channels = 2, .out_channels = 3});
  block.to(DType::f64);
  return block;
}

}  // namespace

TEST_CASE("a U-Net block is two convolutions with batch norm and ReLU") {
  nn::UNetBlock block = block_in_f64();
  const auto p = block.parameters();
  const auto norm = [](const Tensor& x, const Tensor& weight, const Tensor& bias) {
    return batch_norm(x, {}, {}, weight, bias, {.training = true});
  };
  const Tensor x = Generator(1).reals({2, 2, 5, 4});
  const Tensor half = relu(norm(conv2d(x, p[0], {}, {.padding = 1}), p[1], p[2]));
  const Tensor whole = relu(norm(conv2d(half, p[3], {}, {.padding = 1}), p[4], p[5]));
  REQUIRE(whole.shape() == Shape{2, 3, 5, 4});
  require_equal(block(x).array(), whole.array());
}

TEST_CASE("the parts of a U-Net block are numbered as in a sequential") {
  const nn::UNetBlock block({.in_channels = 2, .out_channels = 3});
  std::vector<std::string> names;
  for (const auto& entry : block.named_parameters()) names.push_back(entry.name);
  REQUIRE(names == std::vector<std::string>{"0.weight", "1.weight", "1.bias", "3.weight", "4.weight", "4.bias"});
}

TEST_CASE("the gradient of a U-Net block is correct") {
  nn::UNetBlock block = block_in_f64();
  for (const bool training : {true, false}) {
    INFO("training " << training);
    block.train(training);
    const auto result =
        gradcheck([&](const std::vector<Tensor>& at) { return block(at[0]); }, {Generator(2).reals({2, 2, 4, 3})});
    INFO(result.message);
    REQUIRE(result.ok);
  }
}

TEST_CASE("a U-Net block without channels is rejected on construction") {
  REQUIRE_THROWS_AS(nn::UNetBlock({.in_channels = 0, .out_channels = 3}), ValueError);
  REQUIRE_THROWS_AS(nn::UNetBlock({.in_channels = 2, .out_channels = 0}), ValueError);
}

}  // namespace test_unet_block
