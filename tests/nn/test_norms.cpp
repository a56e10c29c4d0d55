// The normalization layers other than BatchNorm2d.
#include <cmath>

#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/batch_norm1d.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/group_norm.hpp>
#include <tapestry/nn/layers/instance_norm2d.hpp>
#include <tapestry/nn/layers/layer_norm.hpp>
#include <tapestry/nn/layers/local_response_norm.hpp>
#include <tapestry/nn/layers/rms_norm.hpp>

#include "core/generate.hpp"

namespace test_norms {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;

namespace {

Array image() {
  return Generator(1).reals({2, 6, 3, 4}).to(DType::f32);
}

/// Changes the parameters from their initial values.
void change(const nn::Module& layer) {
  Generator made_up(2);
  for (const Tensor& parameter : layer.parameters())
    Array(parameter.array()).copy_from(made_up.reals(parameter.shape()));
}

std::vector<std::string> state_names(const nn::Module& layer) {
  std::vector<std::string> names;
  for (const auto& [name, value] : layer.state_dict()) names.push_back(name);
  return names;
}

}  // namespace

TEST_CASE("BatchNorm1d is batch_norm of vectors and sequences") {
  for (const Shape& shape : {Shape{5, 3}, Shape{5, 3, 4}}) {
    nn::BatchNorm1d layer({.num_features = 3, .eps = 0.5, .momentum = 0.25});
    change(layer);
    const Array x = Generator(1).reals(shape).to(DType::f32);
    for (const bool training : {true, false}) {
      const Array mean = layer.running_mean().array().clone();
      const Array var = layer.running_var().array().clone();
      layer.train(training);
      require_equal(layer(x).array(), batch_norm(x, mean, var, layer.weight(), layer.bias(),
                                                 {.training = training, .momentum = 0.25, .eps = 0.5})
                                          .array());
      require_equal(layer.running_mean().array(), mean);
      require_equal(layer.running_var().array(), var);
    }
    REQUIRE(layer.state_dict().back().second.item() == 1);
  }
  REQUIRE(state_names(nn::BatchNorm1d({.num_features = 3})) ==
          std::vector<std::string>{"weight", "bias", "running_mean", "running_var", "num_batches_tracked"});
}

TEST_CASE("batch norm layers require inputs of their rank") {
  nn::BatchNorm1d sequences({.num_features = 3});
  REQUIRE_THROWS_MATCHES(sequences(Array::zeros({2, 3, 4, 5})), ShapeError,
                         Message("BatchNorm1d: expected an input (N, C) or (N, C, L), got [2, 3, 4, 5]"));
  nn::BatchNorm2d images({.num_features = 3});
  REQUIRE_THROWS_MATCHES(images(Array::zeros({2, 3, 4})), ShapeError,
                         Message("BatchNorm2d: expected an input (N, C, H, W), got [2, 3, 4]"));
  REQUIRE(images.state_dict().back().second.item() == 0);
}

TEST_CASE("LayerNorm is layer_norm with a weight and a bias") {
  nn::LayerNorm layer({.normalized_shape = Shape{3, 4}, .eps = 0.5});
  REQUIRE(state_names(layer) == std::vector<std::string>{"weight", "bias"});
  require_equal(layer.weight().array(), Array::full({3, 4}, 1));
  require_equal(layer.bias().array(), Array::zeros({3, 4}));
  change(layer);
  require_equal(layer(image()).array(), layer_norm(image(), {3, 4}, layer.weight(), layer.bias(), 0.5).array());

  nn::LayerNorm no_bias({.normalized_shape = Shape{4}, .bias = false});
  REQUIRE(state_names(no_bias) == std::vector<std::string>{"weight"});
  nn::LayerNorm plain({.normalized_shape = Shape{4}, .elementwise_affine = false});
  REQUIRE(plain.parameters().empty());
  require_equal(plain(image()).array(), layer_norm(image(), {4}).array());
}

TEST_CASE("RMSNorm is rms_norm with a weight") {
  nn::RMSNorm layer({.normalized_shape = Shape{4}, .eps = 0.5});
  REQUIRE(state_names(layer) == std::vector<std::string>{"weight"});
  require_equal(layer.weight().array(), Array::full({4}, 1));
  change(layer);
  require_equal(layer(image()).array(), rms_norm(image(), {4}, layer.weight(), 0.5).array());
  nn::RMSNorm plain({.normalized_shape = Shape{4}, .elementwise_affine = false});
  require_equal(plain(image()).array(), rms_norm(image(), {4}).array());
}

TEST_CASE("GroupNorm is group_norm with a weight and a bias") {
  nn::GroupNorm layer({.num_groups = 3, .num_channels = 6, .eps = 0.5});
  REQUIRE(state_names(layer) == std::vector<std::string>{"weight", "bias"});
  require_equal(layer.weight().array(), Array::full({6}, 1));
  require_equal(layer.bias().array(), Array::zeros({6}));
  change(layer);
  require_equal(layer(image()).array(), group_norm(image(), 3, layer.weight(), layer.bias(), 0.5).array());
  nn::GroupNorm plain({.num_groups = 2, .num_channels = 6, .affine = false});
  REQUIRE(plain.parameters().empty());
  require_equal(plain(image()).array(), group_norm(image(), 2).array());
  REQUIRE_THROWS_MATCHES(plain(Array::zeros({2, 4, 3, 3})), ShapeError,
                         Message("GroupNorm: expected 6 channels, got an input [2, 4, 3, 3]"));
}

TEST_CASE("InstanceNorm2d is instance_norm by the input unless it tracks") {
  nn::InstanceNorm2d plain({.num_features = 6});
  REQUIRE(plain.state_dict().empty());
  for (const bool training : {true, false}) {
    plain.train(training);
    require_equal(plain(image()).array(), instance_norm(image()).array());
  }

  nn::InstanceNorm2d layer(
      {.num_features = 6, .eps = 0.5, .momentum = 0.25, .affine = true, .track_running_stats = true});
  REQUIRE(state_names(layer) ==
          std::vector<std::string>{"weight", "bias", "running_mean", "running_var", "num_batches_tracked"});
  change(layer);
  for (const bool training : {true, false}) {
    const Array mean = layer.running_mean().array().clone();
    const Array var = layer.running_var().array().clone();
    layer.train(training);
    require_equal(layer(image()).array(), instance_norm(image(), mean, var, layer.weight(), layer.bias(),
                                                        {.use_input_stats = training, .momentum = 0.25, .eps = 0.5})
                                              .array());
    require_equal(layer.running_mean().array(), mean);
    require_equal(layer.running_var().array(), var);
  }
  REQUIRE_THROWS_MATCHES(plain(Array::zeros({2, 6, 3})), ShapeError,
                         Message("InstanceNorm2d: expected an input (N, C, H, W), got [2, 6, 3]"));
}

TEST_CASE("LocalResponseNorm is local_response_norm") {
  nn::LocalResponseNorm layer({.size = 3, .alpha = 0.5, .beta = 0.25, .k = 2});
  require_equal(layer(image()).array(), local_response_norm(image(), 3, 0.5, 0.25, 2).array());
  nn::LocalResponseNorm usual({.size = 5});
  require_equal(usual(image()).array(), local_response_norm(image(), 5, 1e-4, 0.75, 1).array());
}

TEST_CASE("options of norm layers out of range are rejected on construction") {
  REQUIRE_THROWS_MATCHES(nn::BatchNorm1d({.num_features = 0}), ValueError,
                         Message("BatchNorm1d: num_features must be at least 1, got 0"));
  REQUIRE_THROWS_MATCHES(nn::InstanceNorm2d({.num_features = 2, .momentum = 2}), ValueError,
                         Message("InstanceNorm2d: momentum must be in [0, 1], got 2"));
  REQUIRE_THROWS_MATCHES(nn::LayerNorm({.normalized_shape = Shape{4}, .eps = 0}), ValueError,
                         Message("LayerNorm: eps must be positive and finite, got 0"));
  REQUIRE_THROWS_MATCHES(nn::LayerNorm({.normalized_shape = Shape{}}), ShapeError,
                         Message("LayerNorm: normalized_shape must have at least one axis and one element, got []"));
  REQUIRE_THROWS_MATCHES(nn::RMSNorm({.normalized_shape = Shape{4, 0}}), ShapeError,
                         Message("RMSNorm: normalized_shape must have at least one axis and one element, got [4, 0]"));
  REQUIRE_THROWS_MATCHES(nn::RMSNorm({.normalized_shape = Shape{4}, .eps = -1}), ValueError,
                         Message("RMSNorm: eps must be positive and finite, got -1"));
  REQUIRE_THROWS_MATCHES(nn::GroupNorm({.num_groups = 0, .num_channels = 4}), ValueError,
                         Message("GroupNorm: num_groups must be at least 1, got 0"));
  REQUIRE_THROWS_MATCHES(nn::GroupNorm({.num_groups = 3, .num_channels = 4}), ValueError,
                         Message("GroupNorm: num_groups 3 must divide num_channels, got 4"));
  REQUIRE_THROWS_MATCHES(nn::LocalResponseNorm({.size = 0}), ValueError,
                         Message("LocalResponseNorm: size must be at least 1, got 0"));
}

}  // namespace test_norms
