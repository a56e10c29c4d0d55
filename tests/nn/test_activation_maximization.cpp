// Activation maximization of models with known gradients.
#include <cmath>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/inspect/activation_maximization.hpp>

#include "nn/example_modules.hpp"

namespace test_activation_maximization {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// Images (N, 2, 3, 4) → (N, 5).
nn::Sequential linear_net() {
  nn::Sequential net = nn::sequential({nn::Flatten(), nn::Linear({.in_features = 24, .out_features = 5})});
  net.to(DType::f64);
  return net;
}

Array units(const std::vector<std::int64_t>& numbers) {
  return Array::from({std::ssize(numbers)}, numbers);
}

/// Returns its weight for any input.
class Deaf : public nn::Module {
 public:
  Deaf() : weight_(add_parameter("weight", Array::zeros({1, 2}))) {}
  Tensor forward(const Tensor&) const override { return weight_ * 1; }

 private:
  nn::Parameter weight_;
};

}  // namespace

TEST_CASE("a step follows the normalized gradient") {
  nn::Sequential net = linear_net();
  const Array start = Generator(1).reals({2, 2, 3, 4});
  const Array images = nn::maximize_activation(
      net, start, units({3, 1}), {.layer = "", .steps = 3, .lr = 0.2, .decay = 0.1, .blur = 0, .jitter = 0});
  const Array weight = net.get_submodule<nn::Linear>("1").weight().array();
  for (std::int64_t n = 0; n < 2; ++n) {
    const std::int64_t unit = n == 0 ? 3 : 1;
    double square = 0;
    for (std::int64_t i = 0; i < 24; ++i) square += weight.at({unit, i}) * weight.at({unit, i}) / 24;
    for (std::int64_t i = 0; i < 24; ++i) {
      double x = start.at({n, i / 12, i / 4 % 3, i % 4});
      for (int step = 0; step < 3; ++step) x = x * 0.9 + 0.2 * weight.at({unit, i}) / std::sqrt(square);
      CHECK(images.at({n, i / 12, i / 4 % 3, i % 4}) == Approx(x).epsilon(1e-12));
    }
  }
}

TEST_CASE("the mean over a channel of an inner layer is a unit too") {
  // A 1×1 convolution: every pixel's gradient is the weight of its channel.
  nn::Sequential net =
      nn::sequential({nn::Conv2d({.in_channels = 2, .out_channels = 3, .kernel_size = 1}), nn::Flatten()});
  const Array images =
      nn::maximize_activation(net, Array::zeros({1, 2, 3, 4}), units({2}),
                              {.layer = "0", .steps = 1, .lr = 0.5, .decay = 0, .blur = 0, .jitter = 1});
  const Array weight = net.get_submodule<nn::Conv2d>("0").weight().array();
  const double a = weight.at({2, 0, 0, 0}), b = weight.at({2, 1, 0, 0});
  const double length = std::sqrt((a * a + b * b) / 2);
  for (std::int64_t i = 0; i < 12; ++i) {
    // f32: some roundings of 2⁻²⁴ each.
    CHECK(images.at({0, 0, i / 4, i % 4}) == Approx(0.5 * a / length).epsilon(1e-6));
    CHECK(images.at({0, 1, i / 4, i % 4}) == Approx(0.5 * b / length).epsilon(1e-6));
  }
}

TEST_CASE("an image without a gradient decays and is blurred by a Gaussian") {
  nn::Sequential net = linear_net();
  for (const Tensor& parameter : net.parameters())
    Tensor(parameter).set_array(Array::zeros(parameter.shape(), DType::f64));
  Array start = Array::zeros({1, 2, 3, 4}, DType::f64);
  start.mutable_data<double>()[1 * 4 + 1] = 1;
  const double deviation = 0.3;  // a window of 3 × 3
  const Array image = nn::maximize_activation(
      net, start, units({0}), {.layer = "1", .steps = 1, .decay = 0.25, .blur = deviation, .jitter = 0});
  const double side = std::exp(-1 / (2 * deviation * deviation)), total = 1 + 2 * side;
  const auto line = [&](std::int64_t distance) { return distance > 1 ? 0 : (distance == 0 ? 1 : side) / total; };
  for (std::int64_t y = 0; y < 3; ++y) {
    for (std::int64_t x = 0; x < 4; ++x) {
      CHECK(image.at({0, 0, y, x}) == Approx(0.75 * line(std::abs(y - 1)) * line(std::abs(x - 1))).margin(1e-15));
      CHECK(image.at({0, 1, y, x}) == 0);
    }
  }
}

TEST_CASE("activation maximization raises the activation and leaves the model unchanged") {
  manual_seed(3);
  nn::Sequential net = nn::sequential({nn::Conv2d({.in_channels = 3, .out_channels = 4, .kernel_size = 3}),
                                       nn::BatchNorm2d({.num_features = 4}), nn::Dropout({.p = 0.5})});
  const nn::StateDict before = net.state_dict();
  const Array start = Generator(2).reals({4, 3, 9, 8}, -0.1, 0.1).to(DType::f32);
  const Array all = units({0, 1, 2, 3});
  const auto activation = [&](const Array& images) {
    nn::Sequential& model = net;
    model.eval();
    const NoGradGuard no_grad;
    const Array y = model(images).array();
    std::vector<double> sums;
    for (std::int64_t n = 0; n < 4; ++n) {
      double sum = 0;
      for (std::int64_t i = 0; i < 42; ++i) sum += y.at({n, n, i / 6, i % 6});
      sums.push_back(sum / 42);
    }
    model.train();
    return sums;
  };
  const nn::ActivationMaximizationOptions options = {.layer = "1", .steps = 20, .seed = 7};
  const Array images = nn::maximize_activation(net, start, all, options);
  require_same(net.state_dict(), before);
  CHECK(net.is_training());
  for (const Tensor& parameter : net.parameters()) CHECK_FALSE(parameter.grad().defined());
  const auto low = activation(start), high = activation(images);
  for (std::size_t n = 0; n < 4; ++n) CHECK(high[n] > low[n] + 0.3);

  const NoGradGuard no_grad;
  require_equal(nn::maximize_activation(net, start, all, options), images);
  const Array other = nn::maximize_activation(net, start, all, {.layer = "1", .steps = 20, .seed = 8});
  CHECK_FALSE(values_of(other) == values_of(images));
}

TEST_CASE("activation maximization rejects invalid arguments") {
  nn::Sequential net = linear_net();
  const Array start = Array::zeros({1, 2, 3, 4}, DType::f64);
  const auto with = [&](const nn::ActivationMaximizationOptions& options) {
    return nn::maximize_activation(net, start, units({0}), options);
  };
  CHECK_THROWS_WITH(
      nn::maximize_activation(net, Array::zeros({2, 3, 4}), units({0}), {.layer = ""}),
      "maximize_activation: expected a start (N, C, H, W) and units i64 (N), got f32[2, 3, 4] and i64[1]");
  CHECK_THROWS_WITH(
      nn::maximize_activation(net, start, units({0, 1}), {.layer = ""}),
      "maximize_activation: expected a start (N, C, H, W) and units i64 (N), got f64[1, 2, 3, 4] and i64[2]");
  const std::string rule =
      "maximize_activation: steps, blur and jitter must be at least 0, lr above 0 and decay in [0, 1), got ";
  CHECK_THROWS_WITH(with({.layer = "", .steps = -1}), rule + "-1, 0.4, 2, 0.1 and 0.03");
  CHECK_THROWS_WITH(with({.layer = "", .lr = 0}), rule + "200, 0.4, 2, 0 and 0.03");
  CHECK_THROWS_WITH(with({.layer = "", .decay = 1}), rule + "200, 0.4, 2, 0.1 and 1");
  CHECK_THROWS_WITH(with({.layer = "", .blur = -0.5}), rule + "200, -0.5, 2, 0.1 and 0.03");
  CHECK_THROWS_WITH(with({.layer = "", .jitter = -2}), rule + "200, 0.4, -2, 0.1 and 0.03");
  CHECK_THROWS_WITH(nn::maximize_activation(net, start, units({5}), {.layer = ""}),
                    "maximize_activation: there is no unit 5 (\"\" returns [1, 5])");
  CHECK_THROWS_WITH(nn::maximize_activation(net, start, units({-1}), {.layer = "1"}),
                    "maximize_activation: there is no unit -1 (\"1\" returns [1, 5])");
  CHECK_THROWS_AS(with({.layer = "2"}), ValueError);
  Scale scale(2);
  CHECK_THROWS_WITH(nn::maximize_activation(scale, Array::zeros({1, 1, 1, 1}), units({0}), {.layer = "factor"}),
                    "get_submodule: no module \"factor\" among \"\"");
  nn::Sequential flat = nn::sequential({Scale(1), nn::Flatten(0)});
  CHECK_THROWS_WITH(
      nn::maximize_activation(flat, Array::zeros({1, 2, 3, 4}), units({0}), {.layer = ""}),
      "maximize_activation: expected a layer that returns (1, units) or (1, units, H, W), \"\" returns [24]");
  Deaf deaf;
  CHECK_THROWS_WITH(nn::maximize_activation(deaf, Array::zeros({1, 2, 3, 4}), units({0}), {.layer = ""}),
                    "maximize_activation: the output of \"\" does not depend on the image");
}

}  // namespace test_activation_maximization
