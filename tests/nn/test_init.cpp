#include <cmath>

#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/init.hpp>

#include "nn/layer_checks.hpp"

namespace test_init {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
namespace init = nn::init;
using init::FanMode;

namespace {

constexpr std::int64_t out = 64;
constexpr std::int64_t in = 16;

Tensor weight(DType dtype = DType::f32) {
  return Tensor(Array::zeros({out, in, 3, 5}, dtype)).set_requires_grad();
}

/// Requires mean 0, a standard deviation and the kurtosis 3 of normal numbers. The deviations of the three estimates
/// from n numbers are σ/√n, σ/√(2n) and √(24/n); 5 of them are allowed.
void require_normal(const Tensor& tensor, double deviation) {
  const auto values = values_of(tensor.array());
  const auto n = static_cast<double>(values.size());
  double mean = 0;
  double square = 0;
  double fourth = 0;
  for (const double value : values) {
    mean += value / n;
    square += value * value / n;
    fourth += std::pow(value, 4) / n;
  }
  REQUIRE(std::abs(mean) < 5 * deviation / std::sqrt(n));
  REQUIRE(std::abs(std::sqrt(square) - deviation) < 5 * deviation / std::sqrt(2 * n));
  REQUIRE(std::abs(fourth / (square * square) - 3) < 5 * std::sqrt(24 / n));
}

}  // namespace

TEST_CASE("the fan is channels times receptive field") {
  REQUIRE(init::fan({7, 5}, FanMode::fan_in) == 5);
  REQUIRE(init::fan({7, 5}, FanMode::fan_out) == 7);
  REQUIRE(init::fan({8, 3, 5, 2}, FanMode::fan_in) == 30);
  REQUIRE(init::fan({8, 3, 5, 2}, FanMode::fan_out) == 80);
  REQUIRE(init::fan({8, 0, 5, 2}, FanMode::fan_in) == 0);
  REQUIRE_THROWS_MATCHES(init::fan({4}, FanMode::fan_in), ShapeError,
                         Message("init: expected a weight of rank 2 or more, got [4]"));
}

TEST_CASE("Kaiming normal has a standard deviation of gain over the root of the fan") {
  manual_seed(1);
  require_normal(init::kaiming_normal(weight()), std::sqrt(2.0 / (in * 15)));
  require_normal(init::kaiming_normal(weight(), FanMode::fan_out), std::sqrt(2.0 / (out * 15)));
  require_normal(init::kaiming_normal(weight(DType::f64), FanMode::fan_in, 3), 3 / std::sqrt(in * 15.0));
}

TEST_CASE("Kaiming uniform has the same standard deviation within its bounds") {
  manual_seed(2);
  require_uniform(init::kaiming_uniform(weight()), std::sqrt(6.0 / (in * 15)));
  require_uniform(init::kaiming_uniform(weight(), FanMode::fan_out), std::sqrt(6.0 / (out * 15)));
  require_uniform(init::kaiming_uniform(weight(DType::f64), FanMode::fan_in, 1), std::sqrt(3.0 / (in * 15)));
}

TEST_CASE("uniform and constant fill a tensor") {
  manual_seed(3);
  require_uniform(init::uniform(weight(), -0.5, 0.5), 0.5);
  require_equal(init::constant(weight(DType::f64), 0.1).array(), Array::full({out, in, 3, 5}, 0.1, DType::f64));
}

TEST_CASE("initial values are written in place in any memory format") {
  const auto drawn = [](MemoryFormat format) {
    manual_seed(4);
    const Tensor tensor = Tensor(Array::zeros({8, 4, 3, 3}, DType::f32, format)).set_requires_grad();
    const auto version = tensor.array().version();
    REQUIRE(init::constant(tensor, 2).is_same(tensor));
    REQUIRE(init::uniform(tensor, 0, 1).is_same(tensor));
    REQUIRE(init::kaiming_uniform(tensor).is_same(tensor));
    REQUIRE(init::kaiming_normal(tensor).is_same(tensor));
    REQUIRE(tensor.requires_grad());
    REQUIRE(tensor.array().version() > version);
    REQUIRE(tensor.array().format() == format);
    return tensor.array();
  };
  require_equal(drawn(MemoryFormat::row_major), drawn(MemoryFormat::channels_last));
}

TEST_CASE("every draw differs until the seed is reset") {
  manual_seed(5);
  const Tensor first = init::kaiming_normal(weight());
  const Tensor second = init::kaiming_normal(weight());
  REQUIRE(mostly_different(first, second));
  manual_seed(5);
  require_equal(init::kaiming_normal(weight()).array(), first.array());
}

}  // namespace test_init
