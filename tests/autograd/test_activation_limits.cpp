// Activations and their derivatives of both orders at zeros, tiny and huge numbers, infinities and NaN, compared with
// the formulas in extended precision.
#include <algorithm>
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
#include <tapestry/autograd/ops/reduction/reduction.hpp>

#include "autograd/generate.hpp"

namespace test_activation_limits {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

using Real = long double;
using Function = std::function<Tensor(const Tensor&)>;

/// A function with its value, slope and second derivative at x, for |x| up to 1e300.
struct Curve {
  std::string name;
  Function function;
  std::function<std::array<Real, 3>(Real)> reference;
  bool is_smooth = true;
};

Real logistic(Real x) {
  return 1 / (1 + std::exp(-x));
}

/// 1 − tanh²(x), without cancellation.
Real tanh_slope(Real x) {
  return 4 * logistic(2 * x) * logistic(-2 * x);
}

std::array<Real, 3> exponential_unit(Real x, Real alpha, Real scale) {
  if (x > 0) return {scale * x, scale, 0};
  const Real power = scale * alpha * std::exp(x);
  return {scale * alpha * std::expm1(x), power, power};
}

std::array<Real, 3> gelu_reference(Real x) {
  const Real below = std::erfc(-x / std::sqrt(Real{2})) / 2;
  const Real density = std::exp(-x * x / 2) / std::sqrt(2 * std::acos(Real{-1}));
  return {x * below, below + x * density, density == 0 ? 0 : density * (2 - x * x)};
}

std::array<Real, 3> gelu_by_tanh_reference(Real x) {
  const Real scale = std::sqrt(2 / std::acos(Real{-1})), cubic = 0.044715L;
  const Real u = scale * (x + cubic * x * x * x);
  const Real du = scale * (1 + 3 * cubic * x * x), ddu = scale * 6 * cubic * x;
  const Real half = logistic(2 * u), flat = tanh_slope(u);
  return {x * half, half + x / 2 * flat * du, flat * du + x / 2 * (flat * ddu - 2 * std::tanh(u) * flat * du * du)};
}

std::array<Real, 3> silu_reference(Real x) {
  const Real s = logistic(x), rest = logistic(-x);
  return {x * s, s + x * s * rest, s * rest * (2 + x * (rest - s))};
}

std::array<Real, 3> mish_reference(Real x) {
  const Real soft = x > 100 ? x : std::log1p(std::exp(x));
  const Real t = std::tanh(soft), flat = tanh_slope(soft), s = logistic(x), rest = logistic(-x);
  return {x * t, t + x * flat * s, 2 * flat * s + x * flat * s * (rest - 2 * t * s)};
}

std::array<Real, 3> softplus_reference(Real x) {
  const Real soft = x > 100 ? x : std::log1p(std::exp(x));
  return {soft, logistic(x), logistic(x) * logistic(-x)};
}

std::vector<Curve> curves() {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  using Values = std::array<Real, 3>;
  const auto negative = [](double slope) {
    return [slope](Real x) { return x > 0 ? Values{x, 1, 0} : Values{slope * x, slope, 0}; };
  };
  const auto hardsigmoid_reference = [](Real x) {
    if (std::abs(x) >= 3) return Values{x > 0 ? 1.0L : 0.0L, 0, 0};
    return Values{(x + 3) / 6, Real{1} / 6, 0};
  };
  const auto hardswish_reference = [](Real x) {
    if (std::abs(x) >= 3) return x > 0 ? Values{x, 1, 0} : Values{0, 0, 0};
    return Values{x * (x + 3) / 6, x / 3 + 0.5L, Real{1} / 3};
  };
  return {
      {"sigmoid", sigmoid,
       [](Real x) {
         const Real s = logistic(x), rest = logistic(-x);
         return Values{s, s * rest, s * rest * (rest - s)};
       }},
      {"tanh", [](const Tensor& x) { return tanh(x); },
       [](Real x) {
         return Values{std::tanh(x), tanh_slope(x), -2 * std::tanh(x) * tanh_slope(x)};
       }},
      {"softplus", [=](const Tensor& x) { return softplus(x, {.threshold = infinity}); }, softplus_reference},
      {"softplus with a threshold", [](const Tensor& x) { return softplus(x); },
       [](Real x) {
         return x > 20 ? Values{x, 1, 0} : softplus_reference(x);
       }},
      {"elu", [](const Tensor& x) { return elu(x, {.alpha = 1.5}); },
       [](Real x) { return exponential_unit(x, 1.5L, 1); }},
      {"selu", selu,
       [](Real x) {
         return exponential_unit(x, 1.6732632423543772848170429916717L, 1.0507009873554804934193349852946L);
       }},
      {"gelu", [](const Tensor& x) { return gelu(x); }, gelu_reference},
      {"gelu by tanh", [](const Tensor& x) { return gelu(x, {.approximate = GeluApproximation::tanh}); },
       gelu_by_tanh_reference},
      {"silu", silu, silu_reference},
      {"mish", mish, mish_reference},
      {"relu", relu, negative(0), false},
      {"relu6", relu6,
       [](Real x) {
         if (x <= 0 || x >= 6) return Values{x > 0 ? 6.0L : 0.0L, 0, 0};
         return Values{x, 1, 0};
       },
       false},
      {"leaky_relu", [](const Tensor& x) { return leaky_relu(x); }, negative(0.01), false},
      {"prelu", [](const Tensor& x) { return prelu(x, Array::full({1}, 0.25, x.dtype())); }, negative(0.25), false},
      {"hardsigmoid", hardsigmoid, hardsigmoid_reference, false},
      {"hardswish", hardswish, hardswish_reference, false},
  };
}

/// Every point with both signs, rounded to T: none within 0.1 of a kink other than 0.
template <class T>
std::vector<double> points() {
  using Limits = std::numeric_limits<T>;
  std::vector<double> result;
  for (const double x : {0.0,
                         static_cast<double>(Limits::min()),
                         1e-30,
                         1e-8,
                         0.1,
                         0.5,
                         1.0,
                         2.5,
                         4.0,
                         5.5,
                         8.0,
                         12.0,
                         17.0,
                         19.5,
                         20.5,
                         25.0,
                         50.0,
                         87.0,
                         100.0,
                         200.0,
                         700.0,
                         1e4,
                         1e10,
                         1e20,
                         1e30,
                         static_cast<double>(Limits::max()),
                         static_cast<double>(Limits::infinity())}) {
    for (const double sign : {1.0, -1.0}) result.push_back(static_cast<double>(static_cast<T>(sign * x)));
  }
  return result;
}

/// The limits of a curve at x, which may be infinite.
std::array<Real, 3> limits_at(const Curve& curve, double x) {
  if (std::isfinite(x)) return curve.reference(x);
  auto limits = curve.reference(std::copysign(1e300L, x));
  if (std::abs(limits[0]) > 1e100L) limits[0] = std::copysign(std::numeric_limits<Real>::infinity(), limits[0]);
  return limits;
}

template <class T>
void check(const Curve& curve) {
  constexpr Real eps = std::numeric_limits<T>::epsilon();
  constexpr Real smallest = std::numeric_limits<T>::min();
  const std::vector<double> at = points<T>();
  const Array values = Array::from({static_cast<std::int64_t>(at.size())}, at).to(dtype_of<T>);
  const Tensor x = leaf(values);
  const Tensor seed = leaf(Array::full(values.shape(), 1, values.dtype()));
  const Tensor y = curve.function(x);
  const auto fast = values_of(grad(curve.function(x), {x}, seed.detach())[0].array());
  const Tensor slope = grad(y, {x}, seed, {.create_graph = true})[0];
  const auto recorded = values_of(slope.array());
  const auto again = grad(sum(slope), {seed, x});
  const auto of_seed = values_of(again[0].array());
  // The slope of a piecewise linear function does not depend on x.
  REQUIRE((again[1].defined() || !curve.is_smooth));
  const auto second = again[1].defined() ? values_of(again[1].array()) : std::vector<double>(at.size(), 0.0);
  const auto results = values_of(y.array());
  for (std::size_t i = 0; i < at.size(); ++i) {
    const auto expected = limits_at(curve, at[i]);
    const auto require_near = [&](const char* what, double got, Real wanted, Real tolerance) {
      INFO(curve.name << (sizeof(T) == 4 ? " f32 " : " f64 ") << what << " at " << at[i] << ": expected "
                      << static_cast<double>(wanted) << ", got " << got);
      if (std::isinf(wanted) || std::abs(wanted) > std::numeric_limits<T>::max()) {
        REQUIRE(std::isinf(got));
        REQUIRE(std::signbit(got) == std::signbit(wanted));
      } else {
        REQUIRE(std::abs(got - wanted) <= tolerance);
      }
    };
    // A result is rounded a few times, and the rounded argument of an exponential makes it less exact; results near
    // the denormal numbers are flushed to zero.
    const Real rounded = 32 * std::clamp(-at[i], 1.0, 32.0) * eps * std::abs(expected[0]);
    require_near("value", results[i], expected[0], rounded + 128 * smallest);
    // Terms of slopes are up to 4, and those of second derivatives up to 40, and cancel.
    for (const auto& [what, got] :
         {std::pair("slope", fast[i]), {"recorded slope", recorded[i]}, {"derivative by the gradient", of_seed[i]}}) {
      require_near(what, got, expected[1], 16 * eps);
    }
    require_near("second derivative", second[i], expected[2], 100 * eps);
  }
}

}  // namespace

TEST_CASE("activations and their derivatives have the exact limits at zeros and huge numbers and infinities") {
  for_each_target([] {
    for (const Curve& curve : curves()) {
      check<float>(curve);
      check<double>(curve);
    }
  });
}

TEST_CASE("activations of NaN are NaN and so are the derivatives of smooth ones") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const Curve& curve : curves()) {
      INFO(curve.name);
      const Tensor x = leaf(Array::full({3}, NAN, dtype));
      const Tensor y = curve.function(x);
      REQUIRE(std::isnan(y.array().at({1})));
      if (!curve.is_smooth) continue;
      REQUIRE(std::isnan(grad(sum(curve.function(x)), {x})[0].array().at({1})));
      const Tensor slope = grad(sum(y), {x}, {}, {.create_graph = true})[0];
      REQUIRE(std::isnan(slope.array().at({1})));
      REQUIRE(std::isnan(grad(sum(slope), {x})[0].array().at({1})));
    }
  }
}

}  // namespace test_activation_limits
