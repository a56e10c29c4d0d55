// Activations without a kink, or with one that depends on options.
#include <cmath>
#include <numbers>

#include <tapestry/autograd/ops/activation/activation.hpp>

#include "operators/elementwise.hpp"

namespace test_activation_smooth {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// ln(1 + eˣ)
long double plain_softplus(long double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

}  // namespace

TEST_CASE("operator: sigmoid") {
  check_elementwise(
      Elementwise{.name = "sigmoid",
                  .call = always([](const Tensor& x) { return sigmoid(x); },
                                 [](double x) { return static_cast<double>(1 / (1 + std::exp(-1.0L * x))); })});
}

TEST_CASE("operator: tanh") {
  check_elementwise(Elementwise{
      .name = "tanh", .call = always([](const Tensor& x) { return tanh(x); }, [](double x) { return std::tanh(x); })});
}

TEST_CASE("operator: softplus") {
  check_elementwise(Elementwise{
      .name = "softplus",
      .call =
          [](Generator& random) {
            const double beta = random.real(0.5, 3);
            return ElementwiseCall{[=](const Tensor& x) { return softplus(x, {.beta = beta}); },
                                   [=](double x) { return static_cast<double>(plain_softplus(beta * x) / beta); },
                                   "beta " + std::to_string(beta)};
          },
      .rejections = {rejects<ValueError>([] { return softplus(Array::zeros({2}), {.beta = 0}); },
                                         "softplus: beta must be positive, got 0")}});
}

TEST_CASE("operator: elu") {
  check_elementwise(Elementwise{.name = "elu",
                                .call =
                                    [](Generator& random) {
                                      const double alpha = random.real(0.5, 2);
                                      return ElementwiseCall{
                                          [=](const Tensor& x) { return elu(x, {.alpha = alpha}); },
                                          [=](double x) { return x > 0 ? x : alpha * std::expm1(x); },
                                          "alpha " + std::to_string(alpha)};
                                    },
                                .kinks = {0}});
}

TEST_CASE("operator: selu") {
  check_elementwise(Elementwise{
      .name = "selu",
      .call = always([](const Tensor& x) { return selu(x); },
                     [](double x) { return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * std::expm1(x)); }),
      .kinks = {0}});
}

TEST_CASE("operator: gelu") {
  check_elementwise(Elementwise{
      .name = "gelu", .call = [](Generator& random) {
        if (random.one_in(2)) {
          return ElementwiseCall{[](const Tensor& x) { return gelu(x); },
                                 [](double x) { return x * 0.5 * std::erfc(-x / std::numbers::sqrt2); }};
        }
        return ElementwiseCall{[](const Tensor& x) { return gelu(x, {.approximate = GeluApproximation::tanh}); },
                               [](double x) {
                                 const double inner = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
                                 return 0.5 * x * (1 + std::tanh(inner));
                               },
                               "by tanh"};
      }});
}

TEST_CASE("operator: silu") {
  check_elementwise(
      Elementwise{.name = "silu",
                  .call = always([](const Tensor& x) { return silu(x); },
                                 [](double x) { return static_cast<double>(x / (1 + std::exp(-1.0L * x))); })});
}

TEST_CASE("operator: mish") {
  check_elementwise(
      Elementwise{.name = "mish",
                  .call = always([](const Tensor& x) { return mish(x); },
                                 [](double x) { return static_cast<double>(x * std::tanh(plain_softplus(x))); }),
                  .low = -6,
                  .high = 6});
}

TEST_CASE("operator: hardswish") {
  check_elementwise(Elementwise{.name = "hardswish",
                                .call = always([](const Tensor& x) { return hardswish(x); },
                                               [](double x) { return x * std::min(std::max(x + 3, 0.0), 6.0) / 6; }),
                                .low = -5,
                                .high = 5,
                                .kinks = {-3, 3}});
}

}  // namespace test_activation_smooth
