#include <string>
#include <vector>

#include <tapestry/autograd/gradcheck.hpp>
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/blocks/conv_norm_relu2d.hpp>

#include "core/generate.hpp"

namespace test_conv_norm_relu2d {

using namespace tapestry;
using namespace tapestry::testing;
using nn::ConvNormRelu2d;

TEST_CASE("a convolution with norm and ReLU computes its definition in training and evaluation") {
  manual_seed(1);
  ConvNormRelu2d layer(
      {.in_channels = 3, .out_channels = 5, .kernel_size = Pair(3, 2), .stride = Pair(1, 2), .padding = 1});
  layer.to(DType::f64);
  const auto p = layer.parameters();
  const Array x = Generator(1).reals({2, 3, 6, 5});
  const Tensor y = conv2d(x, p[0], {}, {.stride = Pair(1, 2), .padding = 1});
  require_equal(layer(x).array(), relu(batch_norm(y, {}, {}, p[1], p[2], {.training = true})).array());

  layer.eval();
  const auto& norm = layer.get_submodule<nn::BatchNorm2d>("bn");
  const Array mean = norm.running_mean().array();
  REQUIRE(values_of(mean) != values_of(Array::zeros({5})));
  const Array variance = norm.running_var().array();
  require_equal(layer(x).array(), relu(batch_norm(y, mean, variance, p[1], p[2], {.training = false})).array());
  const auto result = gradcheck([&](const std::vector<Tensor>& at) { return layer(at[0]); }, {x});
  INFO(result.message);
  REQUIRE(result.ok);
}

TEST_CASE("the state of a convolution with norm and ReLU has the names of torchvision and no bias before the norm") {
  std::vector<std::string> names;
  for (const auto& entry : ConvNormRelu2d({.in_channels = 2, .out_channels = 3, .kernel_size = 1}).state_dict()) {
    names.push_back(entry.first);
  }
  REQUIRE(names == std::vector<std::string>{"conv.weight", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var",
                                            "bn.num_batches_tracked"});
}

TEST_CASE("a convolution with norm and ReLU adds its eps to the variance") {
  // An image of one value per channel has the variance 0, of which eps alone makes a standard deviation.
  ConvNormRelu2d layer({.in_channels = 1, .out_channels = 1, .kernel_size = 1, .eps = 0.25});
  layer.to(DType::f64);
  Array(layer.parameters()[0].array()).fill(1);
  layer.eval();
  Array(layer.get_submodule<nn::BatchNorm2d>("bn").running_var().array()).fill(0);
  REQUIRE(layer(Array::full({1, 1, 1, 1}, 3, DType::f64)).item() == 6);
}

TEST_CASE("a convolution with norm and ReLU rejects options out of range") {
  REQUIRE_THROWS_WITH(ConvNormRelu2d({.in_channels = 0, .out_channels = 3, .kernel_size = 1}),
                      ContainsSubstring("Conv2d: ") && ContainsSubstring("got 0"));
  REQUIRE_THROWS_WITH(ConvNormRelu2d({.in_channels = 2, .out_channels = 3, .kernel_size = 1, .eps = 0}),
                      ContainsSubstring("BatchNorm2d: ") && ContainsSubstring("got 0"));
}

}  // namespace test_conv_norm_relu2d
