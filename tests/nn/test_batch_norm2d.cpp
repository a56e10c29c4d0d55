#include <cmath>
#include <limits>
#include <vector>

#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>

#include "core/generate.hpp"
#include "required_fields.hpp"

namespace test_batch_norm2d {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
using nn::BatchNorm2d;

namespace {

static_assert(is_required<&BatchNorm2d::Options::num_features> && !is_required<&BatchNorm2d::Options::eps>);

double batches_tracked(const nn::Module& layer) {
  const nn::StateDict state = layer.state_dict();
  REQUIRE(state.back().first == "num_batches_tracked");
  return state.back().second.item();
}

/// Two channels of four values each: 1, 2, 3, 6 (mean 3, variance 14/4, by n − 1 14/3) and all 10.
Array two_channels() {
  return Array::from<float>({2, 2, 1, 2}, std::vector<float>{1, 2, 10, 10, 3, 6, 10, 10});
}

/// Requires the running statistics of both channels, up to rounding to float.
void require_statistics(const BatchNorm2d& layer, const std::vector<double>& mean, const std::vector<double>& var) {
  require_close(layer.running_mean().array().to(DType::f64), Array::from({2}, mean), 1e-6);
  require_close(layer.running_var().array().to(DType::f64), Array::from({2}, var), 1e-6);
}

}  // namespace

TEST_CASE("a batch norm layer initially has no scale and no shift") {
  const BatchNorm2d layer({.num_features = 3});
  require_equal(layer.weight().array(), Array::full({3}, 1));
  require_equal(layer.bias().array(), Array::zeros({3}));
  require_equal(layer.running_mean().array(), Array::zeros({3}));
  require_equal(layer.running_var().array(), Array::full({3}, 1));
  REQUIRE(batches_tracked(layer) == 0);
  REQUIRE(layer.parameters().size() == 2);
  REQUIRE(layer.named_buffers().size() == 3);
}

TEST_CASE("a batch norm layer is the operator with its parameters and options") {
  BatchNorm2d layer({.num_features = 3, .eps = 0.5, .momentum = 0.25});
  Generator made_up(1);
  Array(layer.weight().array()).copy_from(made_up.reals({3}));
  Array(layer.bias().array()).copy_from(made_up.reals({3}));
  const Array x = made_up.reals({4, 3, 2, 5}).to(DType::f32);
  for (const bool training : {true, false}) {
    const Array mean = layer.running_mean().array().clone();
    const Array variance = layer.running_var().array().clone();
    layer.train(training);
    const Array y = layer(x).array();
    REQUIRE(y.shape() == x.shape());
    const BatchNormOptions options = {.training = training, .momentum = 0.25, .eps = 0.5};
    require_equal(y, batch_norm(x, mean, variance, layer.weight(), layer.bias(), options).array());
    require_equal(layer.running_mean().array(), mean);
    require_equal(layer.running_var().array(), variance);
  }
}

TEST_CASE("running statistics are updated in training only") {
  BatchNorm2d layer({.num_features = 2});
  const double variance = 14.0 / 3;
  layer(two_channels());
  // (1 − 0.1) · 0 + 0.1 · mean and (1 − 0.1) · 1 + 0.1 · variance
  require_statistics(layer, {0.3, 1}, {0.9 + 0.1 * variance, 0.9});
  REQUIRE(batches_tracked(layer) == 1);
  layer(two_channels());
  require_statistics(layer, {0.57, 1.9}, {0.81 + 0.19 * variance, 0.81});
  REQUIRE(batches_tracked(layer) == 2);

  layer.eval();
  const Array y = layer(two_channels()).array();
  require_statistics(layer, {0.57, 1.9}, {0.81 + 0.19 * variance, 0.81});
  REQUIRE(batches_tracked(layer) == 2);
  // Results below 10 in float
  REQUIRE(std::abs(y.at({1, 0, 0, 1}) - (6 - 0.57) / std::sqrt(0.81 + 0.19 * variance + 1e-5)) < 1e-5);
  REQUIRE(std::abs(y.at({0, 1, 0, 0}) - (10 - 1.9) / std::sqrt(0.81 + 1e-5)) < 1e-5);
}

TEST_CASE("training normalizes by the batch statistics") {
  BatchNorm2d layer({.num_features = 2});
  const Array y = layer(two_channels()).array();
  REQUIRE(std::abs(y.at({1, 0, 0, 1}) - 3 / std::sqrt(3.5 + 1e-5)) < 1e-6);
  REQUIRE(y.at({0, 1, 0, 1}) == 0);
}

TEST_CASE("a batch that cannot be normalized is rejected and leaves the running statistics unchanged") {
  BatchNorm2d layer({.num_features = 2});
  layer(two_channels());
  const Array mean = layer.running_mean().array().clone();
  REQUIRE_THROWS_AS(layer(Array::zeros({1, 2, 1, 1})), ValueError);
  REQUIRE_THROWS_AS(layer(Array::zeros({0, 2, 3, 3})), ValueError);
  REQUIRE_THROWS_AS(layer(Array::zeros({2, 3, 1, 1})), ShapeError);
  require_equal(layer.running_mean().array(), mean);
  REQUIRE(batches_tracked(layer) == 1);
  REQUIRE_NOTHROW(layer(Array::zeros({1, 2, 1, 2})));
  layer.eval();
  REQUIRE_NOTHROW(layer(Array::zeros({1, 2, 1, 1})));
}

TEST_CASE("without running statistics evaluation uses the batch too") {
  BatchNorm2d layer({.num_features = 2, .track_running_stats = false});
  REQUIRE(layer.named_buffers().empty());
  REQUIRE_FALSE(layer.running_mean().defined());
  REQUIRE_FALSE(layer.running_var().defined());
  const Array in_training = layer(two_channels()).array();
  layer.eval();
  require_equal(layer(two_channels()).array(), in_training);
}

TEST_CASE("a batch norm layer that is not affine has no parameters") {
  BatchNorm2d layer({.num_features = 2, .affine = false});
  REQUIRE(layer.parameters().empty());
  REQUIRE_FALSE(layer.weight().defined());
  REQUIRE_FALSE(layer.bias().defined());
  BatchNorm2d affine({.num_features = 2});
  require_equal(layer(two_channels()).array(), affine(two_channels()).array());
}

TEST_CASE("batch norm options out of range are rejected on construction") {
  REQUIRE_THROWS_MATCHES(BatchNorm2d({.num_features = 0}), ValueError,
                         Message("BatchNorm2d: num_features must be at least 1, got 0"));
  REQUIRE_THROWS_MATCHES(BatchNorm2d({.num_features = 2, .momentum = 1.5}), ValueError,
                         Message("BatchNorm2d: momentum must be in [0, 1], got 1.5"));
  REQUIRE_THROWS_MATCHES(BatchNorm2d({.num_features = 2, .momentum = -0.1}), ValueError,
                         Message("BatchNorm2d: momentum must be in [0, 1], got -0.1"));
  REQUIRE_THROWS_AS(BatchNorm2d({.num_features = 2, .momentum = std::numeric_limits<double>::quiet_NaN()}), ValueError);
  REQUIRE_THROWS_MATCHES(BatchNorm2d({.num_features = 2, .eps = 0}), ValueError,
                         Message("BatchNorm2d: eps must be positive and finite, got 0"));
}

}  // namespace test_batch_norm2d
