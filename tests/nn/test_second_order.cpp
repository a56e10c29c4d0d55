// Training with second-order gradients of layers.
#include <cmath>
#include <vector>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/layers/activation.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/flatten.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/layers/pooling.hpp>
#include <tapestry/nn/sequential.hpp>

#include "autograd/generate.hpp"

namespace test_second_order {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

constexpr BackwardOptions recorded = {.create_graph = true};

/// (N, 2, 8, 6) → (N, 1)
nn::Sequential discriminator() {
  manual_seed(1);
  return nn::sequential({nn::Conv2d({.in_channels = 2, .out_channels = 8, .kernel_size = 3, .stride = 2, .padding = 1}),
                         nn::LeakyReLU(),
                         nn::Conv2d({.in_channels = 8, .out_channels = 8, .kernel_size = 3, .padding = 1}),
                         nn::LeakyReLU(), nn::Flatten(), nn::Linear({.in_features = 96, .out_features = 1})});
}

/// The critic's loss with a gradient penalty (Gulrajani et al., "Improved training of Wasserstein GANs", 2017,
/// algorithm 1), at points halfway between.
Tensor critic_loss(nn::Module& critic, const Tensor& real, const Tensor& made) {
  const Tensor between = leaf(((real + made) * 0.5).array());
  const Tensor slope = grad(sum(critic(between)), {between}, {}, recorded)[0];
  const Tensor excess = sqrt(sum(slope * slope, {1, 2, 3})) - 1;
  return mean(critic(made)) - mean(critic(real)) + 10 * mean(excess * excess);
}

}  // namespace

TEST_CASE("a critic with a gradient penalty is trained") {
  auto critic = discriminator();
  const Tensor real = Generator(1).reals({6, 2, 8, 6}).to(DType::f32);
  const Tensor made = Generator(2).reals({6, 2, 8, 6}, 0, 1).to(DType::f32);
  std::vector<double> losses;
  for (int step = 0; step < 8; ++step) {
    for (Tensor& parameter : critic.parameters()) parameter.set_grad({});
    const Tensor loss = critic_loss(critic, real, made);
    losses.push_back(loss.item());
    loss.backward();
    for (Tensor& parameter : critic.parameters()) {
      Array(parameter.array()).copy_from((parameter.detach() - 0.02 * parameter.grad()).array());
    }
  }
  INFO(losses.front() << " to " << losses.back());
  REQUIRE(losses.back() < losses.front() - 1);
  for (std::size_t i = 1; i < losses.size(); ++i) REQUIRE(losses[i] < losses[i - 1]);
}

TEST_CASE("the gradient of a gradient penalty matches finite differences") {
  auto critic = discriminator();
  critic.to(DType::f64);
  const Tensor real = Generator(3).reals({3, 2, 8, 6}), made = Generator(4).reals({3, 2, 8, 6}, 0, 1);
  critic_loss(critic, real, made).backward();
  for (Tensor& parameter : critic.parameters()) {
    const Array direction = Generator(5).reals(parameter.shape());
    const Array before = parameter.array().clone();
    const auto loss_at = [&](double step) {
      Array(parameter.array()).copy_from((Tensor(before) + Tensor(direction) * step).array());
      return critic_loss(critic, real, made).item();
    };
    constexpr double step = 1e-6;
    const double difference = (loss_at(step) - loss_at(-step)) / (2 * step);
    Array(parameter.array()).copy_from(before);
    if (parameter.is_same(critic.parameters().back())) {
      // The last bias shifts both means equally and does not change the slope.
      REQUIRE(std::abs(parameter.grad().item()) < 1e-15);
      continue;
    }
    const double slope = sum(parameter.grad() * direction).item();
    // Losses of about 10 with several rounding errors of 10 · 2⁻⁵³, divided by 2e-6.
    REQUIRE(std::abs(slope - difference) < 1e-7 * std::max(1.0, std::abs(slope)));
  }
}

// A central difference over 2ε = 2e-5 is off by ε² / 6 times a third derivative of the gradients below 100, and by
// rounding of 1e-15 / ε.
TEST_CASE("Hessian-vector products of a small convolutional network match differences of its gradients") {
  manual_seed(2);
  nn::Sequential model =
      nn::sequential({nn::Conv2d({.in_channels = 2, .out_channels = 3, .kernel_size = 3, .padding = 1}),
                      nn::BatchNorm2d({.num_features = 3}), nn::SiLU(), nn::AvgPool2d({.kernel_size = 2}),
                      nn::Conv2d({.in_channels = 3, .out_channels = 4, .kernel_size = Pair(1, 3), .groups = 1}),
                      nn::Tanh(), nn::Flatten(), nn::Linear({.in_features = 24, .out_features = 3})});
  model.to(DType::f64);
  const Tensor images = Generator(6).reals({4, 2, 7, 9});
  const Array labels = Array::from({4}, std::vector<std::int64_t>{0, 2, 1, 2});
  const std::vector<Tensor> parameters = model.parameters();
  std::vector<Array> direction, start;
  for (const Tensor& parameter : parameters) {
    direction.push_back(Generator(7 + direction.size()).reals(parameter.shape()));
    start.push_back(parameter.array().clone());
  }
  const auto gradients_at = [&](double step, const BackwardOptions& options) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      Array(parameters[i].array()).copy_from((Tensor(start[i]) + Tensor(direction[i]) * step).array());
    }
    return grad(cross_entropy(model(images), labels, {.label_smoothing = 0.1}), parameters, {}, options);
  };

  const auto gradients = gradients_at(0, recorded);
  Tensor projected = Array::scalar(0, DType::f64);
  for (std::size_t i = 0; i < parameters.size(); ++i) projected = projected + sum(gradients[i] * direction[i]);
  const auto products = grad(projected, parameters);

  constexpr double step = 1e-5;
  const auto above = gradients_at(step, {});
  const auto below = gradients_at(-step, {});
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    INFO("parameter " << i);
    require_close(products[i].array(), ((above[i] - below[i]) / (2 * step)).array(), 1e-8);
  }
}

}  // namespace test_second_order
