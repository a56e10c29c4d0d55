// Convolution layers other than Conv2d, padding and unfolding.
#include <cmath>
#include <vector>

#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/layers/conv1d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/conv_transpose1d.hpp>
#include <tapestry/nn/layers/conv_transpose2d.hpp>
#include <tapestry/nn/layers/pad.hpp>
#include <tapestry/nn/layers/unfold.hpp>

#include "nn/layer_checks.hpp"
#include "required_fields.hpp"

namespace test_conv_layers {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
using nn::Conv1d;
using nn::ConvTranspose1d;
using nn::ConvTranspose2d;

namespace {

static_assert(is_required<&Conv1d::Options::in_channels> && is_required<&Conv1d::Options::out_channels> &&
              is_required<&Conv1d::Options::kernel_size>);
static_assert(is_required<&ConvTranspose1d::Options::in_channels> &&
              is_required<&ConvTranspose1d::Options::out_channels> &&
              is_required<&ConvTranspose1d::Options::kernel_size>);
static_assert(is_required<&ConvTranspose2d::Options::in_channels> &&
              is_required<&ConvTranspose2d::Options::out_channels> &&
              is_required<&ConvTranspose2d::Options::kernel_size>);

std::vector<std::string> parameter_names(nn::Module& layer) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : layer.named_parameters()) names.push_back(name);
  return names;
}

}  // namespace

TEST_CASE("a convolution layer of sequences is conv1d with its options") {
  manual_seed(1);
  Conv1d layer({.in_channels = 4,
                .out_channels = 6,
                .kernel_size = 3,
                .stride = 2,
                .padding = 3,
                .dilation = 2,
                .groups = 2,
                .padding_mode = PaddingMode::replicate});
  const Array x = Generator(1).reals({2, 4, 11}).to(DType::f32);
  REQUIRE(parameter_names(layer) == std::vector<std::string>{"weight", "bias"});
  REQUIRE(layer.weight().shape() == Shape{6, 2, 3});
  // ⌊(11 + 6 − 4 − 1) / 2⌋ + 1
  REQUIRE(layer(x).shape() == Shape{2, 6, 7});
  require_equal(layer(x).array(),
                conv1d(x, layer.weight(), layer.bias(),
                       {.stride = 2, .padding = 3, .dilation = 2, .groups = 2, .padding_mode = PaddingMode::replicate})
                    .array());

  Conv1d same({.in_channels = 4, .out_channels = 3, .kernel_size = 4, .padding = Padding1d::same(), .bias = false});
  REQUIRE_FALSE(same.bias().defined());
  REQUIRE(parameter_names(same) == std::vector<std::string>{"weight"});
  REQUIRE(same(x).shape() == Shape{2, 3, 11});
}

TEST_CASE("a convolution layer pads according to its padding mode") {
  manual_seed(2);
  nn::Conv2d layer({.in_channels = 2,
                    .out_channels = 3,
                    .kernel_size = Pair(3, 4),
                    .padding = Padding::same(),
                    .padding_mode = PaddingMode::circular});
  const Array x = Generator(2).reals({2, 2, 5, 6}).to(DType::f32);
  // The odd pixel of an even kernel comes last.
  const Tensor padded = pad(x, {1, 2, 1, 1}, PaddingMode::circular);
  require_equal(layer(x).array(), conv2d(padded, layer.weight(), layer.bias()).array());
}

TEST_CASE("a transposed convolution layer is its operator with its options") {
  manual_seed(3);
  ConvTranspose2d layer({.in_channels = 4,
                         .out_channels = 6,
                         .kernel_size = Pair(3, 2),
                         .stride = Pair(2, 3),
                         .padding = Pair(1, 0),
                         .output_padding = Pair(1, 2),
                         .groups = 2,
                         .dilation = Pair(1, 2)});
  const Array x = Generator(3).reals({2, 4, 3, 5}).to(DType::f32);
  REQUIRE(parameter_names(layer) == std::vector<std::string>{"weight", "bias"});
  REQUIRE(layer.weight().shape() == Shape{4, 3, 3, 2});
  REQUIRE(layer.bias().shape() == Shape{6});
  // 2 · 2 − 2 + 2 + 1 + 1 and 4 · 3 + 2 + 2 + 1
  REQUIRE(layer(x).shape() == Shape{2, 6, 6, 17});
  const ConvTranspose2dOptions options = {
      .stride = Pair(2, 3), .padding = Pair(1, 0), .output_padding = Pair(1, 2), .groups = 2, .dilation = Pair(1, 2)};
  require_equal(layer(x).array(), conv_transpose2d(x, layer.weight(), layer.bias(), options).array());

  ConvTranspose1d row({.in_channels = 4,
                       .out_channels = 2,
                       .kernel_size = 3,
                       .stride = 3,
                       .padding = 1,
                       .output_padding = 2,
                       .groups = 2,
                       .bias = false,
                       .dilation = 2});
  const Array sequence = Generator(4).reals({2, 4, 5}).to(DType::f32);
  REQUIRE(row.weight().shape() == Shape{4, 1, 3});
  REQUIRE(parameter_names(row) == std::vector<std::string>{"weight"});
  require_equal(row(sequence).array(),
                conv_transpose1d(sequence, row.weight(), {},
                                 {.stride = 3, .padding = 1, .output_padding = 2, .groups = 2, .dilation = 2})
                    .array());
}

// PyTorch takes the second axis of the weight as fan in, in transposed convolutions too.
TEST_CASE("convolution layers are initialized within one over the root of fan in") {
  manual_seed(4);
  const Conv1d plain({.in_channels = 6, .out_channels = 1200, .kernel_size = 4, .groups = 2});
  require_uniform(plain.weight(), 1 / std::sqrt(12.0));
  require_uniform(plain.bias(), 1 / std::sqrt(12.0));
  const ConvTranspose2d transposed({.in_channels = 8, .out_channels = 1200, .kernel_size = Pair(2, 3), .groups = 2});
  require_uniform(transposed.weight(), 1 / std::sqrt(3600.0));
  require_uniform(transposed.bias(), 1 / std::sqrt(3600.0));
  const ConvTranspose1d row({.in_channels = 200, .out_channels = 3, .kernel_size = 2});
  require_uniform(row.weight(), 1 / std::sqrt(6.0));
}

TEST_CASE("options of convolution layers out of range are rejected on construction") {
  REQUIRE_THROWS_MATCHES(Conv1d({.in_channels = 3, .out_channels = 4, .kernel_size = 0}), ValueError,
                         Message("Conv1d: kernel_size must be at least 1, got 0"));
  REQUIRE_THROWS_MATCHES(Conv1d({.in_channels = 3, .out_channels = 4, .kernel_size = 3, .groups = 2}), ValueError,
                         Message("Conv1d: groups 2 must divide both channel counts, got 3 → 4"));
  REQUIRE_THROWS_MATCHES(ConvTranspose1d({.in_channels = 3, .out_channels = 4, .kernel_size = 3, .stride = 0}),
                         ValueError, Message("ConvTranspose1d: stride must be at least 1, got 0"));
  REQUIRE_THROWS_MATCHES(ConvTranspose1d({.in_channels = 0, .out_channels = 4, .kernel_size = 3}), ValueError,
                         Message("ConvTranspose1d: channels must be at least 1, got 0 → 4"));
  REQUIRE_THROWS_MATCHES(
      ConvTranspose2d({.in_channels = 3, .out_channels = 4, .kernel_size = 3, .stride = 2, .output_padding = 2}),
      ValueError,
      Message("ConvTranspose2d: output_padding must be smaller than the stride or the dilation of its axis, got (2, 2) "
              "(stride (2, 2), dilation (1, 1))"));
  REQUIRE_THROWS_MATCHES(ConvTranspose2d({.in_channels = 4, .out_channels = 3, .kernel_size = 3, .groups = 2}),
                         ValueError, Message("ConvTranspose2d: groups 2 must divide both channel counts, got 4 → 3"));
}

TEST_CASE("a padding layer pads the sides of an image") {
  const Array x = Generator(5).reals({2, 3, 4, 5}).to(DType::f32);
  nn::Pad2d zeros({.padding = nn::Sides(1, 2, -1, 3), .value = 4});
  require_equal(zeros(x).array(), pad(x, {1, 2, -1, 3}, PaddingMode::zeros, 4).array());
  for (const PaddingMode mode : {PaddingMode::reflect, PaddingMode::replicate, PaddingMode::circular}) {
    nn::Pad2d layer({.padding = 2, .mode = mode});
    require_equal(layer(x).array(), pad(x, {2, 2, 2, 2}, mode).array());
  }
}

TEST_CASE("unfolding and folding layers are their operators") {
  const Array x = Generator(6).reals({2, 3, 4, 5}).to(DType::f32);
  const UnfoldOptions options = {
      .kernel_size = Pair(2, 3), .dilation = Pair(2, 1), .padding = Pair(0, 1), .stride = Pair(1, 2)};
  nn::Unfold columns(options);
  const Tensor y = columns(x);
  require_equal(y.array(), unfold(x, options).array());
  const FoldOptions back = {.output_size = Pair(4, 5),
                            .kernel_size = Pair(2, 3),
                            .dilation = Pair(2, 1),
                            .padding = Pair(0, 1),
                            .stride = Pair(1, 2)};
  nn::Fold image(back);
  require_equal(image(y).array(), fold(y, back).array());
  REQUIRE_THROWS_MATCHES(nn::Unfold({.kernel_size = 0}), ValueError,
                         Message("Unfold: kernel_size must be at least 1, got (0, 0)"));
  REQUIRE_THROWS_MATCHES(nn::Fold({.output_size = 0, .kernel_size = 2}), ValueError,
                         Message("Fold: output_size must be at least 1, got (0, 0)"));
}

}  // namespace test_conv_layers
