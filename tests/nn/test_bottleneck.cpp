#include <string>
#include <vector>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/blocks/bottleneck.hpp>

#include "nn/block_checks.hpp"

namespace test_bottleneck {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
using nn::Bottleneck;

namespace {

/// The shape of the weight of a bottleneck's 3×3 convolution.
Shape middle_weight(const Bottleneck::Options& options) {
  Bottleneck block(options);
  return block.get_submodule<nn::Conv2d>("conv2").weight().shape();
}

}  // namespace

TEST_CASE("a bottleneck keeps the shape or changes channels and size") {
  const Array x = Generator(1).reals({2, 8, 6, 5}).to(DType::f32);
  REQUIRE(Bottleneck({.in_channels = 8, .out_channels = 8})(x).shape() == Shape{2, 8, 6, 5});
  REQUIRE(Bottleneck({.in_channels = 8, .out_channels = 12})(x).shape() == Shape{2, 12, 6, 5});
  REQUIRE(Bottleneck({.in_channels = 8, .out_channels = 8, .stride = 2})(x).shape() == Shape{2, 8, 3, 3});
}

TEST_CASE("the parts of a bottleneck have the names of torchvision") {
  std::vector<std::string> names;
  for (const std::string number : {"1", "2", "3"}) {
    names.insert(names.end(), {"conv" + number + ".weight", "bn" + number + ".weight", "bn" + number + ".bias"});
  }
  REQUIRE(parameter_names(Bottleneck({.in_channels = 8, .out_channels = 8})) == names);
  names.insert(names.end(), {"downsample.0.weight", "downsample.1.weight", "downsample.1.bias"});
  REQUIRE(parameter_names(Bottleneck({.in_channels = 8, .out_channels = 8, .stride = 2})) == names);
  REQUIRE(parameter_names(Bottleneck({.in_channels = 4, .out_channels = 8})) == names);
}

TEST_CASE("groups and base width make the 3x3 convolution of a bottleneck") {
  REQUIRE(middle_weight({.in_channels = 4, .out_channels = 256}) == Shape{64, 64, 3, 3});
  // The first and the last stage of ResNeXt-50 32×4d.
  REQUIRE(middle_weight({.in_channels = 4, .out_channels = 256, .groups = 32, .base_width = 4}) == Shape{128, 4, 3, 3});
  REQUIRE(middle_weight({.in_channels = 4, .out_channels = 2048, .groups = 32, .base_width = 4}) ==
          Shape{1024, 32, 3, 3});
  REQUIRE(middle_weight({.in_channels = 4, .out_channels = 12, .groups = 2, .base_width = 50}) == Shape{4, 2, 3, 3});
}

TEST_CASE("a bottleneck computes its definition") {
  for (const std::int64_t stride : {1, 2}) {
    auto block = block_in_f64<Bottleneck>({.in_channels = 8, .out_channels = 8, .stride = stride, .groups = 2});
    const auto p = block.parameters();
    const Tensor x = Generator(4).reals({2, 8, 5, 4});
    Tensor y = relu(batch_normalized(conv2d(x, p[0]), p[1], p[2]));
    y = relu(batch_normalized(conv2d(y, p[3], {}, {.stride = stride, .padding = 1, .groups = 2}), p[4], p[5]));
    y = batch_normalized(conv2d(y, p[6]), p[7], p[8]);
    y = relu(y + (stride == 1 ? x : batch_normalized(conv2d(x, p[9], {}, {.stride = stride}), p[10], p[11])));
    require_equal(block(x).array(), y.array());
  }
}

TEST_CASE("the gradients of a bottleneck are correct for its input and every parameter") {
  auto same = block_in_f64<Bottleneck>({.in_channels = 4, .out_channels = 4});
  require_block_gradients(same, Generator(5).reals({2, 4, 3, 4}));
  auto changing = block_in_f64<Bottleneck>({.in_channels = 3, .out_channels = 8, .stride = 2, .groups = 2});
  require_block_gradients(changing, Generator(6).reals({2, 3, 4, 5}));
}

TEST_CASE("a bottleneck with options out of range is rejected on construction") {
  REQUIRE_THROWS_MATCHES(Bottleneck({.in_channels = 4, .out_channels = 6}), ValueError,
                         Message("Bottleneck: out_channels must be a multiple of 4, got 6"));
  REQUIRE_THROWS_MATCHES(Bottleneck({.in_channels = 4, .out_channels = 0}), ValueError,
                         Message("Bottleneck: out_channels must be a multiple of 4, got 0"));
  REQUIRE_THROWS_MATCHES(
      Bottleneck({.in_channels = 4, .out_channels = 8, .groups = 0}), ValueError,
      Message("Bottleneck: requires at least one group of one channel, got groups 0, base_width 64 and out_channels "
              "8"));
  REQUIRE_THROWS_MATCHES(
      Bottleneck({.in_channels = 4, .out_channels = 8, .groups = 2, .base_width = 31}), ValueError,
      Message("Bottleneck: requires at least one group of one channel, got groups 2, base_width 31 and out_channels "
              "8"));
  REQUIRE_THROWS_MATCHES(Bottleneck({.in_channels = 0, .out_channels = 4}), ValueError,
                         Message("Conv2d: channels must be at least 1, got 0 → 1"));
  REQUIRE_THROWS_MATCHES(Bottleneck({.in_channels = 4, .out_channels = 4, .stride = 0}), ValueError,
                         Message("Conv2d: stride must be at least 1, got (0, 0)"));
}

}  // namespace test_bottleneck
