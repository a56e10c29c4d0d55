// Vectorized activations and their derivatives: their only definition. Included once per instruction set.
#if defined(TAPESTRY_KERNELS_ACTIVATION_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TAPESTRY_KERNELS_ACTIVATION_INL
#undef TAPESTRY_KERNELS_ACTIVATION_INL
#else
#define TAPESTRY_KERNELS_ACTIVATION_INL
#endif

#include <cmath>
#include <cstddef>
#include <numbers>
#include <type_traits>

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <tapestry/kernels/elementwise/epilogue.hpp>
#include <tapestry/kernels/simd/exp-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// The parameters of an activation, as vectors.
template <class V>
struct ActivationNumbers {
  V negative_slope;
};

template <class D>
HWY_INLINE ActivationNumbers<hn::Vec<D>> activation_numbers(D d, const Activation& activation) {
  return {hn::Set(d, static_cast<hn::TFromD<D>>(activation.negative_slope))};
}

template <class D>
HWY_INLINE hn::Vec<D> constant(D d, double value) {
  return hn::Set(d, static_cast<hn::TFromD<D>>(value));
}

/// max(x, limit), except that NaN stays NaN.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V at_least(D d, V x, double limit) {
  return hn::IfThenElse(hn::Lt(x, constant(d, limit)), constant(d, limit), x);
}
/// min(x, limit), except that NaN stays NaN.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V at_most(D d, V x, double limit) {
  return hn::IfThenElse(hn::Gt(x, constant(d, limit)), constant(d, limit), x);
}

/// Beyond this, activations have reached their limit in both types; larger x are clamped, so that an infinite x does
/// not lead to 0 · ∞.
inline constexpr double far = 1e6;

template <class D, class V = hn::Vec<D>>
HWY_INLINE V sigmoid_of(D d, V x) {
  return hn::Div(constant(d, 1), hn::Add(constant(d, 1), exp_of(d, hn::Neg(x))));
}

/// e^{−x²/2}, from which the density and the distribution function of the standard normal are computed.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V normal_power(D d, V x) {
  return exp_of(d, hn::Mul(hn::Mul(constant(d, -0.5), x), x));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V normal_density(D d, V power) {
  return hn::Mul(power, constant(d, std::numbers::inv_sqrtpi / std::numbers::sqrt2));
}

/// The distribution function of the standard normal, given `normal_power`. In f32, with z = |x|/√2 and t = 1 / (1 +
/// z/2), erfc(z) / 2 = e^{−z²} · t · P(t): P is the interpolating polynomial at the nine Chebyshev nodes of z in [0,
/// 12], whose relative error is 6e-8.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V normal_distribution(D d, V x, V power) {
  using T = hn::TFromD<D>;
  if constexpr (sizeof(T) == sizeof(double)) {
    HWY_ALIGN T lanes[HWY_MAX_BYTES / sizeof(T)];
    hn::Store(x, d, lanes);
    for (std::size_t i = 0; i < hn::Lanes(d); ++i) lanes[i] = 0.5 * std::erfc(-lanes[i] / std::numbers::sqrt2);
    return hn::Load(d, lanes);
  } else {
    const V one = constant(d, 1);
    const V t = hn::Div(one, hn::MulAdd(constant(d, 0.5 / std::numbers::sqrt2), hn::Abs(x), one));
    V p = constant(d, -0.06055896121);
    for (const double c : {0.2916569316, -0.5013931212, 0.293658591, -0.03683884152, 0.2067482715, 0.2421519318,
                           0.2824948752, 0.2820802749}) {
      p = hn::MulAdd(p, t, constant(d, c));
    }
    const V tail = hn::Mul(hn::Mul(hn::Mul(constant(d, 0.5), p), t), power);
    // By the sign bit: −0 belongs to the left half and +0 to the right; both give 1/2.
    const auto is_left = hn::Lt(hn::CopySign(one, x), hn::Zero(d));
    return hn::IfThenElse(is_left, tail, hn::Sub(one, tail));
  }
}

/// The coefficients of u(x) = √(2/π) · (x + 0.044715 · x³) in the tanh approximation of GELU.
inline constexpr double gelu_scale = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
inline constexpr double gelu_cubic = 0.044715;

/// (1 + tanh(u)) / 2 = σ(2u), which does not cancel for negative x.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V gelu_tanh_of(D d, V x) {
  const V near = at_most(d, at_least(d, x, -100), 100);
  const V square = hn::Mul(near, near);
  const V u =
      hn::Mul(hn::Mul(constant(d, gelu_scale), near), hn::MulAdd(constant(d, gelu_cubic), square, constant(d, 1)));
  return sigmoid_of(d, hn::Add(u, u));
}

template <ActivationKind kind, class D, class V = hn::Vec<D>>
HWY_INLINE V activate(D d, V x, const ActivationNumbers<V>& numbers) {
  using enum ActivationKind;
  if constexpr (kind == none) {
    return x;
  } else if constexpr (kind == relu) {
    return hn::IfThenZeroElse(hn::Le(x, hn::Zero(d)), x);
  } else if constexpr (kind == relu6) {
    return at_most(d, hn::IfThenZeroElse(hn::Le(x, hn::Zero(d)), x), 6);
  } else if constexpr (kind == leaky_relu) {
    return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), x, hn::Mul(numbers.negative_slope, x));
  } else if constexpr (kind == hardsigmoid) {
    return hn::Div(at_most(d, at_least(d, hn::Add(x, constant(d, 3)), 0), 6), constant(d, 6));
  } else if constexpr (kind == hardswish) {
    const V gate = activate<hardsigmoid>(d, x, numbers);
    return hn::Mul(at_least(d, x, -far), gate);
  } else if constexpr (kind == sigmoid) {
    return sigmoid_of(d, x);
  } else if constexpr (kind == silu) {
    const V bounded = at_least(d, x, -far);
    return hn::Div(bounded, hn::Add(constant(d, 1), exp_of(d, hn::Neg(bounded))));
  } else if constexpr (kind == gelu) {
    const V bounded = at_least(d, x, -far);
    return hn::Mul(bounded, normal_distribution(d, bounded, normal_power(d, bounded)));
  } else {
    return hn::Mul(at_least(d, x, -far), gelu_tanh_of(d, x));
  }
}

/// True when the derivative can be computed from the result alone.
constexpr bool has_slope_of_output(ActivationKind kind) {
  return kind == ActivationKind::none || kind == ActivationKind::relu || kind == ActivationKind::relu6 ||
         kind == ActivationKind::sigmoid;
}

/// g times the derivative at the x whose activation is y.
template <ActivationKind kind, class D, class V = hn::Vec<D>>
HWY_INLINE V gradient_at_output(D d, V g, V y) {
  using enum ActivationKind;
  static_assert(has_slope_of_output(kind));
  if constexpr (kind == none) {
    return g;
  } else if constexpr (kind == relu) {
    return hn::IfThenZeroElse(hn::Le(y, hn::Zero(d)), g);
  } else if constexpr (kind == relu6) {
    return hn::IfThenZeroElse(hn::Or(hn::Le(y, hn::Zero(d)), hn::Ge(y, constant(d, 6))), g);
  } else {
    return hn::Mul(g, hn::Mul(y, hn::Sub(constant(d, 1), y)));
  }
}

/// g times the derivative at x. At a kink it is that of PyTorch: 0 for relu, relu6 and hardsigmoid, the negative slope
/// for leaky_relu.
template <ActivationKind kind, class D, class V = hn::Vec<D>>
HWY_INLINE V gradient_at(D d, V g, V x, const ActivationNumbers<V>& numbers) {
  using enum ActivationKind;
  const V one = constant(d, 1);
  if constexpr (kind == none || kind == relu || kind == relu6) {
    return gradient_at_output<kind>(d, g, x);
  } else if constexpr (kind == sigmoid) {
    return gradient_at_output<kind>(d, g, sigmoid_of(d, x));
  } else if constexpr (kind == leaky_relu) {
    return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), g, hn::Mul(numbers.negative_slope, g));
  } else if constexpr (kind == hardsigmoid) {
    const auto is_flat = hn::Or(hn::Le(x, constant(d, -3)), hn::Ge(x, constant(d, 3)));
    return hn::Div(hn::IfThenZeroElse(is_flat, g), constant(d, 6));
  } else if constexpr (kind == hardswish) {
    const V ramp = hn::Add(hn::Div(x, constant(d, 3)), constant(d, 0.5));
    const V slope = hn::IfThenElse(hn::Ge(x, constant(d, 3)), one, ramp);
    return hn::Mul(g, hn::IfThenZeroElse(hn::Le(x, constant(d, -3)), slope));
  } else if constexpr (kind == silu) {
    // With s = sigmoid(x): s · (1 + x · (1 − s))
    const V bounded = at_most(d, at_least(d, x, -far), far);
    const V s = sigmoid_of(d, bounded);
    return hn::Mul(g, hn::Mul(s, hn::Add(one, hn::Mul(bounded, hn::Sub(one, s)))));
  } else if constexpr (kind == gelu) {
    const V bounded = at_most(d, at_least(d, x, -far), far);
    const V power = normal_power(d, bounded);
    return hn::Mul(g, hn::MulAdd(bounded, normal_density(d, power), normal_distribution(d, bounded, power)));
  } else {
    // With s = σ(2u): s + x · 2 · s · (1 − s) · u′
    const V near = at_most(d, at_least(d, x, -100), 100);
    const V s = gelu_tanh_of(d, x);
    const V slope =
        hn::Mul(constant(d, 2 * gelu_scale), hn::MulAdd(hn::Mul(constant(d, 3 * gelu_cubic), near), near, one));
    return hn::Mul(g, hn::Mul(s, hn::MulAdd(hn::Mul(near, hn::Sub(one, s)), slope, one)));
  }
}

/// Calls `body` with the kind as a compile-time constant.
template <class Body>
HWY_INLINE void with_kind(ActivationKind kind, const Body& body) {
  using enum ActivationKind;
  switch (kind) {
    case none:
      return body(std::integral_constant<ActivationKind, none>());
    case relu:
      return body(std::integral_constant<ActivationKind, relu>());
    case relu6:
      return body(std::integral_constant<ActivationKind, relu6>());
    case leaky_relu:
      return body(std::integral_constant<ActivationKind, leaky_relu>());
    case hardsigmoid:
      return body(std::integral_constant<ActivationKind, hardsigmoid>());
    case hardswish:
      return body(std::integral_constant<ActivationKind, hardswish>());
    case sigmoid:
      return body(std::integral_constant<ActivationKind, sigmoid>());
    case silu:
      return body(std::integral_constant<ActivationKind, silu>());
    case gelu:
      return body(std::integral_constant<ActivationKind, gelu>());
    case gelu_tanh:
      return body(std::integral_constant<ActivationKind, gelu_tanh>());
  }
}

/// `with_kind` for a kind that `is_rectifier` accepts, with fewer instances.
template <class Body>
HWY_INLINE void with_rectifier(ActivationKind kind, const Body& body) {
  using enum ActivationKind;
  if (kind == relu) return body(std::integral_constant<ActivationKind, relu>());
  if (kind == relu6) return body(std::integral_constant<ActivationKind, relu6>());
  body(std::integral_constant<ActivationKind, none>());
}

}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#endif
