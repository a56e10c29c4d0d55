#include <algorithm>
#include <string>
#include <utility>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/layers/activation.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/sequential.hpp>

#include "core/generate.hpp"

namespace test_sequential {

using namespace tapestry;
using namespace tapestry::testing;

TEST_CASE("a sequential passes its input through its modules in order") {
  manual_seed(1);
  nn::Linear first({.in_features = 3, .out_features = 5});
  nn::Linear second({.in_features = 5, .out_features = 2});
  const Tensor weights[] = {first.weight(), first.bias(), second.weight(), second.bias()};
  nn::Sequential layers = nn::sequential({std::move(first), nn::ReLU(), std::move(second)});
  const Array x = Generator(1).reals({4, 3}).to(DType::f32);
  require_equal(layers(x).array(), linear(relu(linear(x, weights[0], weights[1])), weights[2], weights[3]).array());
  REQUIRE(layers.parameters().size() == 4);
  REQUIRE(layers.parameters()[2].is_same(weights[2]));
}

TEST_CASE("modules appended to a sequential get the next numbers") {
  nn::Sequential layers = nn::sequential({nn::ReLU{}});
  nn::Linear& added = layers.append(nn::Linear({.in_features = 2, .out_features = 7}));
  nn::Sequential& inner = layers.append(nn::sequential({nn::ReLU(), nn::ReLU()}));
  inner.append(nn::Softmax());
  REQUIRE(layers.children()[1].first == "1");
  REQUIRE(layers.children()[1].second.get() == &added);
  REQUIRE(layers.named_parameters()[0].name == "1.weight");
  REQUIRE(layers.named_modules().back().first == "2.2");
  REQUIRE(layers(Array::zeros({4, 2})).shape() == Shape{4, 7});
}

TEST_CASE("modules appended to a sequential under names run in order too") {
  manual_seed(3);
  nn::Sequential layers;
  nn::Linear& first = layers.append("7", nn::Linear({.in_features = 3, .out_features = 5}));
  layers.append("sharp", nn::Softmax());
  nn::Linear& second = layers.append("2", nn::Linear({.in_features = 5, .out_features = 2}));
  const Array x = Generator(3).reals({4, 3}).to(DType::f32);
  require_equal(layers(x).array(), second(softmax(first(x))).array());
  REQUIRE(layers.named_parameters()[0].name == "7.weight");
  REQUIRE(layers.named_parameters()[3].name == "2.bias");
  REQUIRE_THROWS_WITH(layers.append("sharp", nn::ReLU()), "module: the name \"sharp\" is taken");
  REQUIRE_THROWS_WITH(layers.append("0.1", nn::ReLU()),
                      "module: a name must not be empty or contain a dot, got \"0.1\"");
  REQUIRE(layers(x).shape() == Shape{4, 2});
}

TEST_CASE("a sequential calls the hooks of its modules") {
  nn::Sequential layers = nn::sequential({nn::ReLU{}, nn::ReLU{}});
  layers.get_submodule<nn::ReLU>("0").add_forward_hook(
      [](const nn::Module&, const Tensor&, const Tensor& y) { return Tensor(Array::full(y.shape(), 4)); });
  REQUIRE(layers(Array::scalar(-1)).item() == 4);
}

TEST_CASE("an empty sequential returns its input") {
  nn::Sequential layers;
  const Tensor x = Array::zeros({2});
  REQUIRE(layers(x).is_same(x));
}

TEST_CASE("a moved sequential still holds its modules") {
  manual_seed(2);
  nn::Sequential layers = nn::sequential({nn::Linear({.in_features = 3, .out_features = 2})});
  const Array x = Generator(2).reals({4, 3}).to(DType::f32);
  const Array before = layers(x).array();
  nn::Sequential moved = std::move(layers);
  require_equal(moved(x).array(), before);
  nn::Sequential assigned = nn::sequential({nn::ReLU{}});
  assigned = std::move(moved);
  require_equal(assigned(x).array(), before);
}

TEST_CASE("a sequential within a sequential keeps both levels of names") {
  const nn::Sequential layers = nn::sequential({nn::sequential({nn::Linear({.in_features = 2, .out_features = 3})})});
  REQUIRE(layers.named_parameters()[0].name == "0.0.weight");
}

TEST_CASE("the modules of a sequential are initialized in order") {
  const auto linear = [] { return nn::Linear({.in_features = 4, .out_features = 4}); };
  manual_seed(7);
  const nn::Sequential layers = nn::sequential({linear(), nn::ReLU(), linear(), nn::sequential({linear(), linear()})});
  manual_seed(7);
  for (const std::string name : {"0.", "2.", "3.0.", "3.1."}) {
    const nn::Linear next = linear();
    INFO(name);
    const nn::StateDict state = layers.state_dict();
    const auto value = [&](const std::string& parameter) {
      const auto found =
          std::find_if(state.begin(), state.end(), [&](const auto& entry) { return entry.first == parameter; });
      REQUIRE(found != state.end());
      return found->second;
    };
    require_equal(value(name + "weight"), next.weight().array());
    require_equal(value(name + "bias"), next.bias().array());
  }
}

TEST_CASE("a sequential is made from braces only") {
  STATIC_REQUIRE_FALSE(std::is_constructible_v<nn::Sequential, nn::ReLU, nn::ReLU>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<nn::Sequential, nn::ReLU>);
}

}  // namespace test_sequential
