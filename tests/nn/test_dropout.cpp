#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/layers/drop_connect.hpp>
#include <tapestry/nn/layers/dropout.hpp>

#include "core/generate.hpp"

namespace test_dropout {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
using nn::Dropout;

namespace {

Array ones() {
  return Array::full({40, 4, 5, 5}, 1);
}

struct Layer {
  std::string name;
  std::function<std::unique_ptr<nn::Module>(double p)> make;
};

/// Every dropout layer, for images with four channels.
std::vector<Layer> layers() {
  return {
      {"Dropout", [](double p) { return std::make_unique<nn::Dropout>(nn::Dropout::Options{.p = p}); }},
      {"Dropout2d", [](double p) { return std::make_unique<nn::Dropout2d>(nn::Dropout2d::Options{.p = p}); }},
      {"DropBlock2d",
       [](double p) { return std::make_unique<nn::DropBlock2d>(nn::DropBlock2d::Options{.p = p, .block_size = 3}); }},
      {"StochasticDepth",
       [](double p) { return std::make_unique<nn::StochasticDepth>(nn::StochasticDepth::Options{.p = p}); }},
      {"AlphaDropout", [](double p) { return std::make_unique<nn::AlphaDropout>(nn::AlphaDropout::Options{.p = p}); }}};
}

Tensor train(nn::Module& layer) {
  return layer(ones());
}

}  // namespace

TEST_CASE("each dropout layer is its operator with its own random stream") {
  const auto stream_after_seed = [](std::uint64_t seed) {
    manual_seed(seed);
    return new_random_stream();
  };
  for (const Layer& kind : layers()) {
    INFO(kind.name);
    RandomStream stream = stream_after_seed(1);
    manual_seed(1);
    const auto layer = kind.make(0.3);
    for (int step = 0; step < 2; ++step) {
      const Tensor wanted = kind.name == "Dropout"           ? dropout(ones(), 0.3, stream)
                            : kind.name == "Dropout2d"       ? dropout2d(ones(), 0.3, stream)
                            : kind.name == "DropBlock2d"     ? drop_block2d(ones(), 0.3, 3, stream)
                            : kind.name == "StochasticDepth" ? stochastic_depth(ones(), 0.3, stream)
                                                             : alpha_dropout(ones(), 0.3, stream);
      require_equal(train(*layer).array(), wanted.array());
    }
  }
}

TEST_CASE("stochastic depth in batch mode keeps or drops the whole batch") {
  manual_seed(2);
  nn::StochasticDepth layer({.p = 0.5, .mode = StochasticDepthMode::batch});
  for (int step = 0; step < 5; ++step) {
    const auto values = layer(ones()).array().to_vector<float>();
    REQUIRE(std::count(values.begin(), values.end(), values[0]) == 4000);
  }
}

TEST_CASE("dropout in evaluation is the identity and does not advance its stream") {
  for (const Layer& kind : layers()) {
    INFO(kind.name);
    const auto second_mask = [&](bool evaluates_between) {
      manual_seed(2);
      const auto layer = kind.make(0.5);
      train(*layer);
      if (evaluates_between) {
        layer->eval();
        const Tensor x = ones();
        REQUIRE((*layer)(x).is_same(x));
        layer->train();
      }
      return train(*layer).array();
    };
    require_equal(second_mask(true), second_mask(false));
  }
}

TEST_CASE("the mask differs per step and layer and is reproducible with the same seed") {
  for (const Layer& kind : layers()) {
    INFO(kind.name);
    manual_seed(3);
    const auto first = kind.make(0.5), second = kind.make(0.5);
    const auto two_masks = [](nn::Module& layer) {
      auto one = train(layer).array().to_vector<float>();
      return std::pair(std::move(one), train(layer).array().to_vector<float>());
    };
    const auto of_first = two_masks(*first);
    const auto of_second = two_masks(*second);
    REQUIRE(of_first.first != of_first.second);
    REQUIRE(of_first.first != of_second.first);
    REQUIRE(of_first.second != of_second.second);
    REQUIRE(of_first.second != of_second.first);

    manual_seed(3);
    const auto again = kind.make(0.5);
    REQUIRE(two_masks(*again) == of_first);
    manual_seed(4);
    const auto other = kind.make(0.5);
    REQUIRE(two_masks(*other).first != of_first.first);
  }
}

TEST_CASE("the gradient passes where the value was kept") {
  manual_seed(5);
  Dropout layer({.p = 0.5});
  const Tensor x = Tensor(ones()).set_requires_grad();
  const Tensor y = layer(x);
  sum(y).backward();
  require_equal(x.grad().array(), y.array());
}

TEST_CASE("dropping nothing and dropping everything are exact") {
  const Array x = Generator(6).reals({2, 4, 3, 3}).to(DType::f32);
  for (const Layer& kind : layers()) {
    INFO(kind.name);
    require_equal((*kind.make(0))(x).array(), x);
    const Tensor input = Tensor(Array::full(x.shape(), std::numeric_limits<double>::infinity())).set_requires_grad();
    const Tensor y = (*kind.make(1))(input);
    require_equal(y.array(), Array::zeros(x.shape()));
    sum(y).backward();
    require_equal(input.grad().array(), Array::zeros(x.shape()));
  }
}

TEST_CASE("a p that is not a probability is rejected on construction") {
  auto kinds = layers();
  kinds.push_back({"DropConnectLinear", [](double p) {
                     return std::make_unique<nn::DropConnectLinear>(
                         nn::DropConnectLinear::Options{.linear = {.in_features = 2, .out_features = 3}, .p = p});
                   }});
  kinds.push_back({"DropConnectConv2d", [](double p) {
                     return std::make_unique<nn::DropConnectConv2d>(nn::DropConnectConv2d::Options{
                         .conv = {.in_channels = 2, .out_channels = 3, .kernel_size = 1}, .p = p});
                   }});
  for (const Layer& kind : kinds) {
    REQUIRE_THROWS_MATCHES(kind.make(1.5), ValueError, Message(kind.name + ": p must be in [0, 1], got 1.5"));
    REQUIRE_THROWS_MATCHES(kind.make(-0.25), ValueError, Message(kind.name + ": p must be in [0, 1], got -0.25"));
    REQUIRE_THROWS_MATCHES(kind.make(std::numeric_limits<double>::quiet_NaN()), ValueError,
                           Message(kind.name + ": p must be in [0, 1], got nan"));
  }
  REQUIRE_THROWS_MATCHES(nn::DropBlock2d({.p = 0.5, .block_size = 0}), ValueError,
                         Message("DropBlock2d: block_size must be at least 1, got 0"));
}

TEST_CASE("a linear layer drops weights once per forward for all samples and none in evaluation") {
  manual_seed(7);
  nn::DropConnectLinear layer({.linear = {.in_features = 30, .out_features = 40}, .p = 0.25});
  const auto names = layer.named_parameters();
  REQUIRE((names.size() == 2 && names[0].name == "weight" && names[1].name == "bias"));
  Array(layer.weight().array()).fill(1);
  Array(layer.bias().array()).fill(2);
  // The rows of the identity give the columns of the weight.
  Array identity = Array::zeros({60, 30});
  for (std::int64_t i = 0; i < 60; ++i) identity.mutable_data<float>()[i * 30 + i % 30] = 1;
  const Tensor y = layer(identity);
  std::int64_t dropped = 0;
  for (std::int64_t i = 0; i < 60; ++i) {
    for (std::int64_t k = 0; k < 40; ++k) {
      const double value = y.array().at({i, k});
      REQUIRE((value == 2 || value == static_cast<double>(2 + static_cast<float>(1 / 0.75))));
      REQUIRE(value == y.array().at({i % 30, k}));
      dropped += i < 30 && value == 2 ? 1 : 0;
    }
  }
  // 1200 weights: five standard deviations of √(1200 · 0.25 · 0.75) = 15.
  REQUIRE(std::abs(static_cast<double>(dropped) - 300) < 75);
  sum(y).backward();
  // Every output of the layer sums 60 rows, two for each weight that is kept.
  const auto gradients = layer.weight().grad().array().to_vector<float>();
  REQUIRE(std::count(gradients.begin(), gradients.end(), 0.0F) == dropped);
  REQUIRE(values_of(layer(identity).array()) != values_of(y.array()));
  layer.eval();
  require_equal(layer(identity).array(), Array::full({60, 40}, 3));
}

TEST_CASE("a convolution drops weights once per forward for all samples and none in evaluation") {
  manual_seed(8);
  nn::DropConnectConv2d layer({.conv = {.in_channels = 4,
                                        .out_channels = 6,
                                        .kernel_size = 3,
                                        .stride = 2,
                                        .padding = 1,
                                        .dilation = 2,
                                        .groups = 2},
                               .p = 0.5});
  const Array image = Generator(9).reals({1, 4, 7, 9}).to(DType::f32);
  const Array both = [&] {
    Array images = Array::empty({2, 4, 7, 9});
    for (std::int64_t i = 0; i < 2; ++i) images.slice(i, i + 1).copy_from(image);
    return images;
  }();
  const Array y = layer(both).array();
  require_equal(y.slice(0, 1), y.slice(1, 2));
  REQUIRE(values_of(layer(both).array()) != values_of(y));
  const Conv2dOptions options = {.stride = 2, .padding = 1, .dilation = 2, .groups = 2};
  manual_seed(8);
  nn::Conv2d same(
      {.in_channels = 4, .out_channels = 6, .kernel_size = 3, .stride = 2, .padding = 1, .dilation = 2, .groups = 2});
  RandomStream stream = new_random_stream();
  require_equal(y, conv2d(both, drop_connect(same.weight(), 0.5, stream), same.bias(), options).array());
  layer.eval();
  require_equal(layer(both).array(), same(both).array());
}

}  // namespace test_dropout
