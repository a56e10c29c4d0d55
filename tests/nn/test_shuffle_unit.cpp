#include <string>
#include <vector>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/blocks/shuffle_unit.hpp>

#include "nn/block_checks.hpp"

namespace test_shuffle_unit {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
using nn::ShuffleUnit;

namespace {

/// The output of a branch with this many convolutions: norm and ReLU follow a 1×1 convolution, a norm follows a 3×3
/// one.
Tensor plain_branch(const Tensor& x, const std::vector<Tensor>& parameters, std::size_t first, std::size_t count,
                    std::int64_t stride) {
  Tensor y = x;
  for (std::size_t i = first; i < first + 3 * count; i += 3) {
    const Tensor& weight = parameters[i];
    const bool is_depthwise = weight.size(2) == 3;
    y = conv2d(
        y, weight, {},
        is_depthwise ? Conv2dOptions{.stride = stride, .padding = 1, .groups = weight.size(0)} : Conv2dOptions{});
    y = batch_normalized(y, parameters[i + 1], parameters[i + 2]);
    if (!is_depthwise) y = relu(y);
  }
  return y;
}

}  // namespace

TEST_CASE("a shuffle unit keeps the shape at stride 1 and changes channels and size at stride 2") {
  const Array x = Generator(1).reals({2, 6, 5, 8}).to(DType::f32);
  REQUIRE(ShuffleUnit({.in_channels = 6, .out_channels = 6})(x).shape() == Shape{2, 6, 5, 8});
  REQUIRE(ShuffleUnit({.in_channels = 6, .out_channels = 10, .stride = 2})(x).shape() == Shape{2, 10, 3, 4});
}

TEST_CASE("the parts of a shuffle unit have the names of torchvision") {
  const auto of_branch = [](const std::string& branch, const std::vector<std::string>& layers) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      names.push_back(branch + layers[i] + ".weight");
      if (i % 2 == 1) names.push_back(branch + layers[i] + ".bias");
    }
    return names;
  };
  const auto second = of_branch("branch2.", {"0", "1", "3", "4", "5", "6"});
  REQUIRE(parameter_names(ShuffleUnit({.in_channels = 6, .out_channels = 6})) == second);
  auto both = of_branch("branch1.", {"0", "1", "2", "3"});
  both.insert(both.end(), second.begin(), second.end());
  REQUIRE(parameter_names(ShuffleUnit({.in_channels = 6, .out_channels = 6, .stride = 2})) == both);
}

TEST_CASE("a shuffle unit computes its definition") {
  const Tensor x = Generator(2).reals({2, 6, 5, 4});
  auto same = block_in_f64<ShuffleUnit>({.in_channels = 6, .out_channels = 6});
  const Tensor changed = plain_branch(slice(x, 1, 3, 6), same.parameters(), 0, 3, 1);
  require_equal(same(x).array(), channel_shuffle(cat({slice(x, 1, 0, 3), changed}, 1), 2).array());

  auto halving = block_in_f64<ShuffleUnit>({.in_channels = 6, .out_channels = 8, .stride = 2});
  const std::vector<Tensor> p = halving.parameters();
  require_equal(halving(x).array(),
                channel_shuffle(cat({plain_branch(x, p, 0, 2, 2), plain_branch(x, p, 6, 3, 2)}, 1), 2).array());
}

TEST_CASE("a shuffle unit passes the first half of the channels unchanged to every other position") {
  ShuffleUnit unit({.in_channels = 6, .out_channels = 6});
  const Array x = Generator(3).reals({1, 6, 3, 4}).to(DType::f32);
  const Tensor y = unit(x);
  for (std::int64_t i = 0; i < 3; ++i) {
    require_equal(slice(y, 1, 2 * i, 2 * i + 1).array(), slice(x, 1, i, i + 1).array());
  }
}

TEST_CASE("the gradients of a shuffle unit are correct for its input and every parameter") {
  auto same = block_in_f64<ShuffleUnit>({.in_channels = 4, .out_channels = 4});
  require_block_gradients(same, Generator(4).reals({2, 4, 3, 4}));
  auto halving = block_in_f64<ShuffleUnit>({.in_channels = 3, .out_channels = 4, .stride = 2});
  require_block_gradients(halving, Generator(5).reals({2, 3, 5, 4}));
}

TEST_CASE("a shuffle unit with options out of range is rejected on construction") {
  REQUIRE_THROWS_MATCHES(ShuffleUnit({.in_channels = 5, .out_channels = 5}), ValueError,
                         Message("ShuffleUnit: out_channels must be even, got 5"));
  REQUIRE_THROWS_MATCHES(ShuffleUnit({.in_channels = 4, .out_channels = 6}), ValueError,
                         Message("ShuffleUnit: stride 1 requires in_channels equal to out_channels, got 4 → 6"));
  REQUIRE_THROWS_MATCHES(ShuffleUnit({.in_channels = 4, .out_channels = 0, .stride = 2}), ValueError,
                         Message("Conv2d: channels must be at least 1, got 4 → 0"));
}

}  // namespace test_shuffle_unit
