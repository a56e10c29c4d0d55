// The layers without parameters: activations, pooling, flatten.
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/activation.hpp>
#include <tapestry/nn/layers/flatten.hpp>
#include <tapestry/nn/layers/pooling.hpp>

#include "core/generate.hpp"
#include "required_fields.hpp"

namespace test_plain_layers {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;

namespace {

static_assert(is_required<&MaxPool2dOptions::kernel_size> && is_required<&AvgPool2dOptions::kernel_size>);

Array image() {
  return Generator(1).reals({2, 3, 5, 6}).to(DType::f32);
}

}  // namespace

TEST_CASE("activation layers are their operators") {
  nn::ReLU rectified;
  require_equal(rectified(image()).array(), relu(image()).array());
  for (const int axis : {-1, 1}) {
    nn::Softmax shares(axis);
    nn::LogSoftmax logs(axis);
    require_equal(shares(image()).array(), softmax(image(), axis).array());
    require_equal(logs(image()).array(), log_softmax(image(), axis).array());
  }
  nn::Softmax shares;
  nn::LogSoftmax logs;
  require_equal(shares(image()).array(), softmax(image(), 3).array());
  require_equal(logs(image()).array(), log_softmax(image(), 3).array());
}

TEST_CASE("activation layers pass their options on") {
  const auto requires_same = [](nn::Module&& layer, const Tensor& wanted) {
    require_equal(layer(image()).array(), wanted.array());
  };
  const Tensor x = image();
  requires_same(nn::ReLU6(), relu6(x));
  requires_same(nn::SELU(), selu(x));
  requires_same(nn::SiLU(), silu(x));
  requires_same(nn::Hardswish(), hardswish(x));
  requires_same(nn::Hardsigmoid(), hardsigmoid(x));
  requires_same(nn::Sigmoid(), sigmoid(x));
  requires_same(nn::Tanh(), tanh(x));
  requires_same(nn::Mish(), mish(x));
  requires_same(nn::LeakyReLU(), leaky_relu(x, {.negative_slope = 0.01}));
  requires_same(nn::LeakyReLU({.negative_slope = 0.2}), leaky_relu(x, {.negative_slope = 0.2}));
  requires_same(nn::ELU(), elu(x, {.alpha = 1}));
  requires_same(nn::ELU({.alpha = 2}), elu(x, {.alpha = 2}));
  requires_same(nn::GELU(), gelu(x));
  requires_same(nn::GELU({.approximate = GeluApproximation::tanh}), gelu(x, {.approximate = GeluApproximation::tanh}));
  requires_same(nn::Softplus(), softplus(x, {.beta = 1, .threshold = 20}));
  requires_same(nn::Softplus({.beta = 3, .threshold = 0.5}), softplus(x, {.beta = 3, .threshold = 0.5}));
}

TEST_CASE("a prelu layer trains its negative slopes") {
  nn::PReLU one;
  REQUIRE(one.named_parameters().size() == 1);
  REQUIRE(one.named_parameters()[0].name == "weight");
  require_equal(one.weight().array(), Array::full({1}, 0.25));
  nn::PReLU several({.num_parameters = 3, .init = 0.5});
  require_equal(several.weight().array(), Array::full({3}, 0.5));
  require_equal(several(image()).array(), prelu(image(), several.weight()).array());
  REQUIRE_THROWS_MATCHES(nn::PReLU({.num_parameters = 0}), ValueError,
                         Message("PReLU: num_parameters must be at least 1, got 0"));
}

TEST_CASE("flatten makes vectors of images by default") {
  nn::Flatten all;
  REQUIRE(all(image()).shape() == Shape{2, 90});
  require_equal(all(image()).array(), flatten(image(), 1).array());
  nn::Flatten some(0, 2);
  REQUIRE(some(image()).shape() == Shape{30, 6});
}

TEST_CASE("pooling layers are their operators") {
  const MaxPool2dOptions max_options = {
      .kernel_size = Pair(2, 3), .stride = Pair(2, 1), .padding = Pair(1, 0), .ceil_mode = true};
  nn::MaxPool2d largest(max_options);
  // A fourth row of windows would start in the padding below.
  REQUIRE(largest(image()).shape() == Shape{2, 3, 3, 4});
  require_equal(largest(image()).array(), max_pool2d(image(), max_options).array());

  const AvgPool2dOptions average_options = {.kernel_size = 3, .stride = 2, .padding = 1, .count_include_pad = false};
  nn::AvgPool2d average(average_options);
  REQUIRE(average(image()).shape() == Shape{2, 3, 3, 3});
  require_equal(average(image()).array(), avg_pool2d(image(), average_options).array());

  nn::GlobalAvgPool2d whole;
  REQUIRE(whole(image()).shape() == Shape{2, 3, 1, 1});
  require_equal(whole(image()).array(), global_avg_pool2d(image()).array());
}

TEST_CASE("the stride of a pooling layer is its kernel size by default") {
  nn::MaxPool2d largest({.kernel_size = 2});
  REQUIRE(largest(image()).shape() == Shape{2, 3, 2, 3});
  nn::AvgPool2d average({.kernel_size = Pair(2, 3)});
  REQUIRE(average(image()).shape() == Shape{2, 3, 2, 2});
}

TEST_CASE("pooling options out of range are rejected on construction") {
  REQUIRE_THROWS_MATCHES(nn::MaxPool2d({.kernel_size = 0}), ValueError,
                         Message("MaxPool2d: kernel_size must be at least 1, got (0, 0)"));
  REQUIRE_THROWS_MATCHES(nn::MaxPool2d({.kernel_size = 2, .stride = Pair(1, 0)}), ValueError,
                         Message("MaxPool2d: stride must be at least 1, got (1, 0)"));
  REQUIRE_THROWS_AS(nn::MaxPool2d({.kernel_size = 3, .padding = 2}), ShapeError);
  REQUIRE_THROWS_MATCHES(nn::AvgPool2d({.kernel_size = Pair(0, 2)}), ValueError,
                         Message("AvgPool2d: kernel_size must be at least 1, got (0, 2)"));
  REQUIRE_THROWS_AS(nn::AvgPool2d({.kernel_size = 3, .padding = 2}), ShapeError);
}

}  // namespace test_plain_layers
