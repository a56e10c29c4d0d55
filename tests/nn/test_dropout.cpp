#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <tapestry/autograd/ops/reduction.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/dropout.hpp>

#include "core/generate.hpp"

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
using nn::Dropout;

namespace {

Array ones() {
  return Array::full({4000}, 1);
}

}  // namespace

TEST_CASE("dropout in training zeroes about the share it is given and scales the rest") {
  manual_seed(1);
  Dropout layer({.p = 0.2});
  const auto values = layer(ones()).array().to_vector<float>();
  const auto dropped = std::count(values.begin(), values.end(), 0.0F);
  // 4000 draws with probability 0.2: mean 800, deviation √(4000 · 0.2 · 0.8) = 25.3
  REQUIRE(std::abs(static_cast<double>(dropped) - 800) < 5 * 25.3);
  REQUIRE(dropped + std::count(values.begin(), values.end(), 1.25F) == 4000);
}

TEST_CASE("dropout in evaluation is the identity and takes no step of its stream") {
  const auto second_mask = [](bool evaluates_between) {
    manual_seed(2);
    Dropout layer({.p = 0.5});
    layer(ones());
    if (evaluates_between) {
      layer.eval();
      const Tensor x = ones();
      REQUIRE(layer(x).is_same(x));
      layer.train();
    }
    return layer(ones()).array();
  };
  require_equal(second_mask(true), second_mask(false));
}

TEST_CASE("the mask differs per step and layer and is the same again with the same seed") {
  manual_seed(3);
  Dropout first({.p = 0.5});
  Dropout second({.p = 0.5});
  const auto two_masks = [](Dropout& layer) {
    auto one = layer(ones()).array().to_vector<float>();
    return std::pair(std::move(one), layer(ones()).array().to_vector<float>());
  };
  const auto of_first = two_masks(first);
  const auto of_second = two_masks(second);
  REQUIRE(of_first.first != of_first.second);
  REQUIRE(of_first.first != of_second.first);
  REQUIRE(of_first.second != of_second.second);
  REQUIRE(of_first.second != of_second.first);

  manual_seed(3);
  Dropout again({.p = 0.5});
  REQUIRE(two_masks(again) == of_first);
  manual_seed(4);
  Dropout other({.p = 0.5});
  REQUIRE(two_masks(other).first != of_first.first);
}

TEST_CASE("the gradient passes where the value passed") {
  manual_seed(5);
  Dropout layer({.p = 0.5});
  const Tensor x = Tensor(ones()).set_requires_grad();
  const Tensor y = layer(x);
  sum(y).backward();
  require_equal(x.grad().array(), y.array());
}

TEST_CASE("dropping nothing and dropping all are exact") {
  Dropout none({.p = 0});
  const Array x = Generator(6).reals({50}).to(DType::f32);
  require_equal(none(x).array(), x);
  Dropout all({.p = 1});
  const Tensor input = Tensor(Array::full({50}, std::numeric_limits<double>::infinity())).set_requires_grad();
  const Tensor y = all(input);
  require_equal(y.array(), Array::zeros({50}));
  sum(y).backward();
  require_equal(input.grad().array(), Array::zeros({50}));
}

TEST_CASE("a share that is no probability is refused when the layer is made") {
  REQUIRE_THROWS_MATCHES(Dropout({.p = 1.5}), ValueError, Message("Dropout: p must be in [0, 1], got 1.5"));
  REQUIRE_THROWS_MATCHES(Dropout({.p = -0.25}), ValueError, Message("Dropout: p must be in [0, 1], got -0.25"));
  REQUIRE_THROWS_MATCHES(Dropout({.p = std::numeric_limits<double>::quiet_NaN()}), ValueError,
                         Message("Dropout: p must be in [0, 1], got nan"));
}
