#include <cmath>
#include <numbers>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/detail/vector_elementwise.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry {
namespace {

constexpr double inverse_sqrt2 = 1 / std::numbers::sqrt2;
constexpr double inverse_sqrt2pi = inverse_sqrt2 * std::numbers::inv_sqrtpi;

/// What the power e^{−x²/2} is taken of; with it both the distribution and the density are cheap.
constexpr auto exponent = [](auto x) { return decltype(x){-0.5} * x * x; };

/// The distribution function of the standard normal, given that power.
double distribution(double x, double) {
  return 0.5 * (1 + std::erf(x * inverse_sqrt2));
}
// With z = |x|/√2 and t = 1 / (1 + z/2), erfc(z) / 2 = e^{−z²} · t · P(t): P is the interpolating polynomial at the
// nine Chebyshev nodes of z in [0, 12], whose relative error is 6e-8.
float distribution(float x, float power) {
  const float t = 1 / (1 + static_cast<float>(inverse_sqrt2 / 2) * std::abs(x));
  float p = -0.06055896121F;
  for (const float c : {0.2916569316F, -0.5013931212F, 0.293658591F, -0.03683884152F, 0.2067482715F, 0.2421519318F,
                        0.2824948752F, 0.2820802749F}) {
    p = p * t + c;
  }
  const float tail = 0.5F * p * t * power;
  return (x < 0 ? 0.0F : 1.0F) - std::copysign(tail, x);
}
/// The density.
template <class T>
T density(T power) {
  return power * static_cast<T>(inverse_sqrt2pi);
}

/// The derivative of gelu: Φ(x) + x · φ(x).
struct GeluSlope {
  static constexpr std::string_view name = "gelu_slope";
  SavedTensor x_;

  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    return detail::map_through(name, x, detail::exp_in_vectors, exponent, [](auto value, auto power) {
      return distribution(value, power) + value * density(power);
    });
  }
  Tensor backward(const Tensor& gradient) const {
    const Tensor x = x_.tensor();
    const Tensor square = x * x;
    return gradient * (inverse_sqrt2pi * exp(-0.5 * square) * (2 - square));
  }
};

struct Gelu {
  static constexpr std::string_view name = "gelu";
  SavedTensor x_;

  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    return detail::map_through(name, x, detail::exp_in_vectors, exponent,
                               [](auto value, auto power) { return value * distribution(value, power); });
  }
  Array backward(const Array& gradient) const {
    return detail::map_through(
        name, gradient, x_.array(), detail::exp_in_vectors, exponent,
        [](auto g, auto x, auto power) { return g * (distribution(x, power) + x * density(power)); });
  }
  Tensor backward(const Tensor& gradient) const { return gradient * record(GeluSlope{}, x_.tensor()); }
};

/// u(x) = √(2/π) · (x + 0.044715 · x³)
constexpr double inner_scale = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
constexpr double inner_cubic = 0.044715;

constexpr auto inner = [](auto x) {
  using T = decltype(x);
  return static_cast<T>(inner_scale) * x * (1 + static_cast<T>(inner_cubic) * x * x);
};

struct GeluByTanh {
  static constexpr std::string_view name = "gelu";
  SavedTensor x_;

  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    return detail::map_through(name, x, detail::tanh_in_vectors, inner,
                               [](auto value, auto t) { return decltype(value){0.5} * value * (1 + t); });
  }

  // With t = tanh(u): (1 + t) / 2 + x · (1 − t²) · u′ / 2
  Array backward(const Array& gradient) const {
    return detail::map_through(name, gradient, x_.array(), detail::tanh_in_vectors, inner, [](auto g, auto x, auto t) {
      using T = decltype(x);
      const T slope = static_cast<T>(inner_scale) * (1 + static_cast<T>(3 * inner_cubic) * x * x);
      return g * (T{0.5} * (1 + t + x * ((1 - t * t) * slope)));
    });
  }
  Tensor backward(const Tensor& gradient) const {
    const Tensor x = x_.tensor();
    const Tensor square = x * x;
    const Tensor t = tanh(inner_scale * x * (1 + inner_cubic * square));
    const Tensor slope = inner_scale * (1 + 3 * inner_cubic * square);
    return gradient * (0.5 * (1 + t + x * ((1 - t * t) * slope)));
  }
};

}  // namespace

Tensor gelu(const Tensor& x, const GeluOptions& options) {
  return options.approximate == GeluApproximation::tanh ? record(GeluByTanh{}, x) : record(Gelu{}, x);
}

}  // namespace tapestry
