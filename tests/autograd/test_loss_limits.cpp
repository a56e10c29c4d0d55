// Losses and their derivatives at zeros, tiny and huge numbers, infinities and NaN.
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>

#include "autograd/generate.hpp"

namespace test_loss_limits {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

using Real = long double;

constexpr Real infinity = std::numeric_limits<Real>::infinity();
constexpr Real unknown = std::numeric_limits<Real>::quiet_NaN();

/// The loss, its derivatives by x and by t, and the second derivative by x; NaN where there is no limit.
struct Limits {
  Real value, by_input, by_target, second;
};

/// An elementwise loss.
struct Case {
  std::string name;
  std::function<Tensor(const Tensor& x, const Tensor& t)> loss;
  std::function<Limits(Real x, Real t)> reference;
  std::vector<double> inputs;
  std::vector<double> targets;
};

/// share · value, and nothing for a share of 0.
Real part(Real share, Real value) {
  return share == 0 ? 0 : share * value;
}

Real logistic(Real x) {
  return 1 / (1 + std::exp(-x));
}

Real softplus_of(Real x) {
  return x > 100 ? x : std::log1p(std::exp(x));
}

Limits binary_cross_entropy(Real x, Real t, Real pos_weight) {
  const Real of_one = pos_weight * t, of_zero = 1 - t;
  return {part(of_one, softplus_of(-x)) + part(of_zero, softplus_of(x)), of_zero * logistic(x) - of_one * logistic(-x),
          pos_weight * softplus_of(-x) - softplus_of(x), (of_zero + of_one) * logistic(x) * logistic(-x)};
}

Limits huber(Real x, Real t, Real delta, Real divisor) {
  const Real d = std::abs(x - t);
  const Real slope = std::min(d, delta) / divisor * (x < t ? -1 : 1);
  const Real value = d < delta ? d * d / 2 : delta * (d - delta / 2);
  return {value / divisor, slope, -slope, d < delta ? 1 / divisor : 0};
}

/// A loss that is not reduced, computed without the sum.
constexpr Reduction none = Reduction::none;

std::vector<Case> cases() {
  const double most = std::numeric_limits<double>::infinity();
  std::vector<double> logits = {0.0, -0.0};
  for (const double x : {1e-30, 1e-8, 0.5, 5.0, 17.0, 20.0, 50.0, 87.0, 200.0, 1e4, 1e30, most}) {
    logits.push_back(x);
    logits.push_back(-x);
  }
  std::vector<Case> all;
  all.push_back(
      {"binary_cross_entropy_with_logits",
       [](const Tensor& x, const Tensor& t) { return binary_cross_entropy_with_logits(x, t, {.reduction = none}); },
       [](Real x, Real t) { return binary_cross_entropy(x, t, 1); },
       logits,
       {0, 0.25, 1}});
  for (const double pos_weight : {1.0, 4.0, 0.25}) {
    all.push_back({"binary_cross_entropy_with_logits with pos_weight",
                   [=](const Tensor& x, const Tensor& t) {
                     return binary_cross_entropy_with_logits(
                         x, t, {.reduction = none, .pos_weight = Array::scalar(pos_weight, x.dtype())});
                   },
                   [=](Real x, Real t) { return binary_cross_entropy(x, t, pos_weight); },
                   logits,
                   {0, 0.25, 1}});
  }
  const std::vector<double> logarithms = {-most, -1e30, -100, -50, -1, -1e-8, 0};
  all.push_back({"kl_div",
                 [](const Tensor& x, const Tensor& t) { return kl_div(x, t, {.reduction = KlReduction::none}); },
                 [](Real x, Real t) {
                   const Real slope = t == 0 ? (std::isinf(x) ? unknown : -infinity) : std::log(t) + 1 - x;
                   return Limits{part(t, std::log(t) - x), -t, slope, 0};
                 },
                 logarithms,
                 {0, 1e-30, 0.5, 1}});
  all.push_back({"kl_div with log_target",
                 [](const Tensor& x, const Tensor& t) {
                   return kl_div(x, t, {.reduction = KlReduction::none, .log_target = true});
                 },
                 [](Real x, Real t) {
                   // A target below e⁻¹⁰³ has no representation in f32.
                   const Real p = t < -103 ? 0 : std::exp(t);
                   return Limits{part(p, t - x), -p, part(p, t - x + 1), 0};
                 },
                 logarithms,
                 {-most, -1e30, -10, -1, 0}});
  const std::vector<double> numbers = {0, 1e-8, -0.5, 3, -3, 1e10, -1e18, most, -most};
  all.push_back({"mse_loss",
                 [](const Tensor& x, const Tensor& t) { return mse_loss(x, t, none); },
                 [](Real x, Real t) {
                   return Limits{(x - t) * (x - t), 2 * (x - t), 2 * (t - x), 2};
                 },
                 numbers,
                 {0, 0.25}});
  all.push_back({"l1_loss",
                 [](const Tensor& x, const Tensor& t) { return l1_loss(x, t, none); },
                 [](Real x, Real t) {
                   const Real sign = x == t ? 0 : x < t ? -1 : 1;
                   return Limits{std::abs(x - t), sign, -sign, 0};
                 },
                 numbers,
                 {0, 0.25}});
  all.push_back({"smooth_l1_loss",
                 [](const Tensor& x, const Tensor& t) { return smooth_l1_loss(x, t, {.reduction = none, .beta = 2}); },
                 [](Real x, Real t) { return huber(x, t, 2, 2); },
                 numbers,
                 {0, 0.25}});
  all.push_back({"huber_loss",
                 [](const Tensor& x, const Tensor& t) { return huber_loss(x, t, {.reduction = none, .delta = 2}); },
                 [](Real x, Real t) { return huber(x, t, 2, 1); },
                 numbers,
                 {0, 0.25}});
  return all;
}

template <class T>
void check(const Case& loss, double at, double of) {
  const Tensor x = leaf(Array::scalar(at, dtype_of<T>)), t = leaf(Array::scalar(of, dtype_of<T>));
  const Limits wanted = loss.reference(static_cast<T>(at), static_cast<T>(of));
  constexpr Real eps = std::numeric_limits<T>::epsilon();
  const auto require_near = [&](const char* what, double got, Real expected, Real cancelled) {
    INFO(loss.name << (sizeof(T) == 4 ? " f32 " : " f64 ") << what << " at " << at << " with the target " << of
                   << ": expected " << static_cast<double>(expected) << ", got " << got);
    if (std::isnan(expected)) return;
    if (std::abs(expected) > std::numeric_limits<T>::max()) {
      REQUIRE(std::isinf(got));
      REQUIRE(std::signbit(got) == std::signbit(expected));
    } else {
      // The last bits of numbers near the denormal ones are flushed.
      REQUIRE(std::abs(got - expected) <=
              16 * eps * std::abs(expected) + eps * cancelled + 16 * std::numeric_limits<T>::min());
    }
  };
  const Tensor y = loss.loss(x, t);
  require_near("value", y.item(), wanted.value, 0);
  const auto fast = grad(loss.loss(x, t), {x, t});
  const auto recorded = grad(y, {x, t}, {}, {.create_graph = true});
  // Derivatives of a loss of two terms are differences where both contribute.
  const bool is_mixed = of != 0 && of != 1;
  for (const auto& gradients : {fast, recorded}) {
    require_near("slope", gradients[0].item(), wanted.by_input, is_mixed ? 4 : 0);
    require_near("slope by the target", gradients[1].item(), wanted.by_target, 16);
  }
  const Tensor second = recorded[0].requires_grad() ? grad(recorded[0], {x})[0] : Tensor();
  require_near("second derivative", second.defined() ? second.item() : 0, wanted.second, 8);
}

}  // namespace

TEST_CASE("elementwise losses and their derivatives have the exact limits at zeros and huge logits and infinities") {
  for (const Case& loss : cases()) {
    for (const double x : loss.inputs) {
      for (const double t : loss.targets) {
        check<float>(loss, x, t);
        check<double>(loss, x, t);
      }
    }
  }
}

TEST_CASE("elementwise losses and their slopes are NaN where the input is NaN") {
  for (const Case& loss : cases()) {
    INFO(loss.name);
    const bool is_constant = loss.name.starts_with("kl_div");
    for (const DType dtype : {DType::f32, DType::f64}) {
      const Tensor x = leaf(Array::scalar(NAN, dtype)), t = Array::scalar(loss.targets.back(), dtype);
      REQUIRE(std::isnan(loss.loss(x, t).item()));
      REQUIRE((is_constant || std::isnan(grad(loss.loss(x, t), {x})[0].item())));
    }
  }
}

TEST_CASE("a binary loss of a confident and correct logit is not rounded to 0") {
  for (const double pos_weight : {0.0, 1.0, 3.0}) {
    BinaryCrossEntropyOptions options = {.reduction = Reduction::sum};
    if (pos_weight > 0) options.pos_weight = Array::scalar(pos_weight);
    const Tensor x = leaf(f32({2}, {-20, 20}));
    const Tensor loss = binary_cross_entropy_with_logits(x, f32({2}, {0, 1}), options);
    const double one = std::log1p(std::exp(-20.0)), slope = 1 / (1 + std::exp(20.0));
    const double factor = pos_weight > 0 ? pos_weight : 1;
    REQUIRE(loss.item() == Approx((1 + factor) * one).epsilon(1e-6));
    loss.backward();
    REQUIRE(x.grad().array().at({0}) == Approx(slope).epsilon(1e-6));
    REQUIRE(x.grad().array().at({1}) == Approx(-factor * slope).epsilon(1e-6));
  }
}

TEST_CASE("cross_entropy and nll_loss have the exact limits at huge logits and at negative infinity") {
  constexpr float none_at_all = -std::numeric_limits<float>::infinity();
  const Array logits = f32({4, 3}, {1e30F, 0, -1e30F, 20, 0, 0, none_at_all, 0, 0, 0, none_at_all, 0});
  const Array labels = Array::from<std::int64_t>({4}, {0, 0, 1, 1});
  const double rest = std::log1p(2 * std::exp(-20.0)), half = std::log(2.0);
  const Tensor x = leaf(logits);
  const Tensor losses = cross_entropy(x, labels, {.reduction = Reduction::none});
  const std::vector<double> expected = {0, rest, half, std::numeric_limits<double>::infinity()};
  for (std::int64_t i = 0; i < 4; ++i) REQUIRE(losses.array().at({i}) == Approx(expected[static_cast<std::size_t>(i)]));
  const double share = std::exp(-20.0) / (1 + 2 * std::exp(-20.0));
  const std::vector<double> slopes = {0, 0, 0, -2 * share, share, share, 0, -0.5, 0.5, 0.5, -1, 0.5};
  for (const bool create_graph : {false, true}) {
    const Tensor gradient =
        grad(cross_entropy(x, labels, {.reduction = Reduction::sum}), {x}, {}, {.create_graph = create_graph})[0];
    // A softmax is rounded to f32 before 1 is subtracted.
    const auto values = values_of(gradient.array());
    for (std::size_t i = 0; i < 12; ++i) REQUIRE(std::abs(values[i] - slopes[i]) < 1.3e-7);
    if (!create_graph) continue;
    for (const double value : values_of(grad(sum(gradient * gradient), {x})[0].array())) REQUIRE(std::isfinite(value));
  }
  const Array weight = f32({3}, {0, 1, 1});
  const Array scores = f32({2, 3}, {none_at_all, -1, 0, 0, -2, 0});
  const Array classes = Array::from<std::int64_t>({2}, {0, 1});
  REQUIRE(nll_loss(scores, classes, {.weight = weight}).item() == 2);
}

}  // namespace test_loss_limits
