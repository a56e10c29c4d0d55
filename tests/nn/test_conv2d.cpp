#include <string>
#include <vector>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/init.hpp>
#include <tapestry/nn/layers/conv2d.hpp>

#include "nn/layer_checks.hpp"
#include "required_fields.hpp"

namespace test_conv2d {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
using nn::Conv2d;

namespace {

static_assert(is_required<&Conv2d::Options::in_channels> && is_required<&Conv2d::Options::out_channels>);
static_assert(is_required<&Conv2d::Options::kernel_size> && !is_required<&Conv2d::Options::stride>);

/// One channel in and out, all weights 1: the sum of every window.
Array window_sums(const Array& x, Pair kernel, Padding padding) {
  Conv2d layer({.in_channels = 1, .out_channels = 1, .kernel_size = kernel, .padding = padding, .bias = false});
  nn::init::constant(layer.weight(), 1);
  return layer(x).array();
}

/// 1, 2, 3, … in an image of one channel.
Array counting(std::int64_t height, std::int64_t width) {
  Array x = Array::empty({1, 1, height, width});
  for (std::int64_t i = 0; i < x.numel(); ++i) x.mutable_data<float>()[i] = static_cast<float>(i + 1);
  return x;
}

}  // namespace

TEST_CASE("a convolution layer is the convolution operator with its options") {
  manual_seed(1);
  Conv2d layer({.in_channels = 4,
                .out_channels = 6,
                .kernel_size = Pair(3, 2),
                .stride = Pair(2, 1),
                .padding = Pair(1, 2),
                .dilation = Pair(1, 3),
                .groups = 2});
  const Array x = Generator(1).reals({2, 4, 9, 8}).to(DType::f32);
  REQUIRE(layer.weight().shape() == Shape{6, 2, 3, 2});
  REQUIRE(layer.bias().shape() == Shape{6});
  const Array y = layer(x).array();
  // ⌊(9 + 2 − 2 − 1) / 2⌋ + 1 and ⌊(8 + 4 − 3 − 1) / 1⌋ + 1
  REQUIRE(y.shape() == Shape{2, 6, 5, 9});
  const Conv2dOptions options = {.stride = Pair(2, 1), .padding = Pair(1, 2), .dilation = Pair(1, 3), .groups = 2};
  require_equal(y, conv2d(x, layer.weight(), layer.bias(), options).array());

  Conv2d bare({.in_channels = 4, .out_channels = 3, .kernel_size = 3, .bias = false});
  REQUIRE_FALSE(bare.bias().defined());
  REQUIRE(bare.parameters().size() == 1);
  require_equal(bare(x).array(), conv2d(x, bare.weight()).array());
}

TEST_CASE("a convolution layer is initialized within one over the root of fan in") {
  manual_seed(2);
  const Conv2d plain({.in_channels = 4, .out_channels = 1200, .kernel_size = Pair(3, 2)});
  require_uniform(plain.weight(), 1 / std::sqrt(24.0));
  require_uniform(plain.bias(), 1 / std::sqrt(24.0));
  const Conv2d grouped({.in_channels = 8, .out_channels = 128, .kernel_size = 3, .groups = 4});
  require_uniform(grouped.weight(), 1 / std::sqrt(18.0));
}

TEST_CASE("two convolution layers have different initial weights") {
  const Conv2d::Options options = {.in_channels = 3, .out_channels = 8, .kernel_size = 3};
  manual_seed(3);
  const Conv2d first(options);
  const Conv2d second(options);
  REQUIRE(mostly_different(first.weight(), second.weight()));
  REQUIRE(mostly_different(first.bias(), second.bias()));
  manual_seed(3);
  const Conv2d again(options);
  require_equal(again.weight().array(), first.weight().array());
  require_equal(again.bias().array(), first.bias().array());
}

TEST_CASE("convolution options out of range are rejected on construction") {
  REQUIRE_THROWS_MATCHES(Conv2d({.in_channels = 3, .out_channels = 4, .kernel_size = Pair(3, 0)}), ValueError,
                         Message("Conv2d: kernel_size must be at least 1, got (3, 0)"));
  REQUIRE_THROWS_MATCHES(Conv2d({.in_channels = 3, .out_channels = 4, .kernel_size = 3, .stride = Pair(0, 2)}),
                         ValueError, Message("Conv2d: stride must be at least 1, got (0, 2)"));
  REQUIRE_THROWS_MATCHES(Conv2d({.in_channels = 3, .out_channels = 4, .kernel_size = 3, .padding = -1}), ValueError,
                         Message("Conv2d: padding must be at least 0, got (-1, -1)"));
  REQUIRE_THROWS_MATCHES(Conv2d({.in_channels = 3, .out_channels = 4, .kernel_size = 3, .dilation = Pair(1, 0)}),
                         ValueError, Message("Conv2d: dilation must be at least 1, got (1, 0)"));
  for (const std::int64_t groups : {0, -2}) {
    REQUIRE_THROWS_MATCHES(Conv2d({.in_channels = 3, .out_channels = 4, .kernel_size = 3, .groups = groups}),
                           ValueError, Message("Conv2d: groups must be at least 1, got " + std::to_string(groups)));
  }
  REQUIRE_THROWS_MATCHES(Conv2d({.in_channels = 3, .out_channels = 4, .kernel_size = 3, .groups = 2}), ValueError,
                         Message("Conv2d: groups 2 must divide both channel counts, got 3 → 4"));
  REQUIRE_THROWS_MATCHES(Conv2d({.in_channels = 4, .out_channels = 3, .kernel_size = 3, .groups = 2}), ValueError,
                         Message("Conv2d: groups 2 must divide both channel counts, got 4 → 3"));
  REQUIRE_THROWS_MATCHES(Conv2d({.in_channels = 3, .out_channels = 0, .kernel_size = 3}), ValueError,
                         Message("Conv2d: channels must be at least 1, got 3 → 0"));
  REQUIRE_THROWS_MATCHES(Conv2d({.in_channels = -3, .out_channels = 2, .kernel_size = 3}), ValueError,
                         Message("Conv2d: channels must be at least 1, got -3 → 2"));
  REQUIRE_THROWS_MATCHES(
      Conv2d({.in_channels = 3, .out_channels = 4, .kernel_size = 3, .stride = 2, .padding = Padding::same()}),
      ValueError, Message("Conv2d: padding 'same' requires stride 1, got (2, 2)"));
}

TEST_CASE("an image that does not match a convolution layer is rejected with the sizes") {
  Conv2d layer({.in_channels = 3, .out_channels = 4, .kernel_size = Pair(3, 5), .padding = Pair(0, 1), .dilation = 2});
  REQUIRE_THROWS_MATCHES(layer(Array::zeros({2, 4, 9, 9})), ShapeError,
                         Message("conv2d: expected 3 input channels (weight [4, 3, 3, 5], groups 1), got 4 (input "
                                 "[2, 4, 9, 9])"));
  REQUIRE_THROWS_MATCHES(layer(Array::zeros({2, 3, 5, 6})), ShapeError,
                         Message("conv2d: along the width the kernel covers 9 (size 5, dilation 2), the padded input "
                                 "has 8 (size 6, padding 1)"));
  REQUIRE_THROWS_MATCHES(layer(Array::zeros({2, 3, 0, 9})), ShapeError,
                         Message("conv2d: the image must have pixels, got [2, 3, 0, 9]"));
}

TEST_CASE("same padding puts the extra pixel of an even kernel at the end") {
  REQUIRE(window_sums(counting(1, 3), Pair(1, 2), Padding::same()).to_vector<float>() ==
          std::vector<float>{1 + 2, 2 + 3, 3});
  REQUIRE(window_sums(counting(1, 5), Pair(1, 4), Padding::same()).to_vector<float>() ==
          std::vector<float>{1 + 2 + 3, 1 + 2 + 3 + 4, 2 + 3 + 4 + 5, 3 + 4 + 5, 4 + 5});
  REQUIRE(window_sums(counting(3, 1), Pair(2, 1), Padding::same()).to_vector<float>() ==
          std::vector<float>{1 + 2, 2 + 3, 3});
}

TEST_CASE("same padding keeps the size at every kernel and dilation") {
  for (std::int64_t kernel = 1; kernel <= 5; ++kernel) {
    for (std::int64_t dilation = 1; dilation <= 3; ++dilation) {
      Conv2d layer({.in_channels = 1,
                    .out_channels = 1,
                    .kernel_size = Pair(kernel, 6 - kernel),
                    .padding = Padding::same(),
                    .dilation = dilation});
      REQUIRE(layer(Array::zeros({1, 1, 4, 7})).shape() == Shape{1, 1, 4, 7});
    }
  }
  const Array x = Generator(4).reals({1, 1, 6, 5}).to(DType::f32);
  require_equal(window_sums(x, 3, Padding::same()), window_sums(x, 3, 1));
}

}  // namespace test_conv2d
