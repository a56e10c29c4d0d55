#include <string>
#include <vector>

#include <tapestry/autograd/gradcheck.hpp>
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/blocks/aspp.hpp>

#include "core/generate.hpp"

namespace test_aspp {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

nn::ASPP pyramid_in_f64() {
  manual_seed(1);
  nn::ASPP pyramid({.in_channels = 3, .rates = {1, 3}, .out_channels = 2, .dropout = 0});
  pyramid.to(DType::f64);
  return pyramid;
}

}  // namespace

TEST_CASE("atrous spatial pyramid pooling combines all branches") {
  nn::ASPP pyramid = pyramid_in_f64();
  const auto p = pyramid.parameters();
  const auto layer = [&](const Tensor& x, std::size_t first, const Conv2dOptions& options) {
    return relu(batch_norm(conv2d(x, p[first], {}, options), {}, {}, p[first + 1], p[first + 2], {.training = true}));
  };
  const Tensor x = Generator(1).reals({3, 3, 5, 7});
  const Tensor whole = layer(global_avg_pool2d(x), 9, {});
  const Tensor y = layer(cat({layer(x, 0, {}), layer(x, 3, {.padding = 1}), layer(x, 6, {.padding = 3, .dilation = 3}),
                              expand(whole, {3, 2, 5, 7})},
                             1),
                         12, {});
  REQUIRE(y.shape() == Shape{3, 2, 5, 7});
  require_equal(pyramid(x).array(), y.array());
}

TEST_CASE("the parts of atrous spatial pyramid pooling have the names of torchvision") {
  const nn::ASPP pyramid({.in_channels = 4, .out_channels = 8});
  std::vector<std::string> names;
  for (const auto& entry : pyramid.named_parameters()) names.push_back(entry.name);
  REQUIRE(names == std::vector<std::string>{
                       "convs.0.0.weight", "convs.0.1.weight", "convs.0.1.bias", "convs.1.0.weight", "convs.1.1.weight",
                       "convs.1.1.bias", "convs.2.0.weight", "convs.2.1.weight", "convs.2.1.bias", "convs.3.0.weight",
                       "convs.3.1.weight", "convs.3.1.bias", "convs.4.1.weight", "convs.4.2.weight", "convs.4.2.bias",
                       "project.0.weight", "project.1.weight", "project.1.bias"});
  REQUIRE(pyramid.parameters()[3].shape() == Shape{8, 4, 3, 3});
  REQUIRE(pyramid.parameters()[15].shape() == Shape{8, 40, 1, 1});
}

TEST_CASE("the gradient of atrous spatial pyramid pooling is correct") {
  nn::ASPP pyramid = pyramid_in_f64();
  for (const bool training : {true, false}) {
    INFO("training " << training);
    pyramid.train(training);
    const auto result =
        gradcheck([&](const std::vector<Tensor>& at) { return pyramid(at[0]); }, {Generator(2).reals({3, 3, 4, 3})});
    INFO(result.message);
    REQUIRE(result.ok);
  }
}

TEST_CASE("atrous spatial pyramid pooling ends with dropout and rejects rates below 1") {
  nn::ASPP pyramid({.in_channels = 2, .rates = {2}, .out_channels = 64, .dropout = 0.5});
  const Array x = Generator(3).reals({2, 2, 6, 6}).to(DType::f32);
  const auto zeros = [&] {
    std::int64_t count = 0;
    for (const double value : values_of(pyramid(x).array())) count += value == 0 ? 1 : 0;
    return count;
  };
  const std::int64_t in_training = zeros();
  pyramid.eval();
  REQUIRE(in_training > zeros());
  REQUIRE_THROWS_WITH(nn::ASPP({.in_channels = 2, .rates = {0}}), "Conv2d: dilation must be at least 1, got (0, 0)");
}

}  // namespace test_aspp
