// The transforms of Winograd's convolution along one axis, on vectors of channels. Included once per instruction set.
//
// Stride 1. Four outputs yᵢ = Σᵣ gᵣ d_{i+r} of a kernel g of three come from six inputs d by six products instead of
// twelve, F(4, 3) (Winograd, "Arithmetic complexity of computations", 1980; Lavin and Gray, "Fast algorithms for
// convolutional neural networks", 2016):
//
//   y = Aᵀ [(G g) ⊙ (Bᵀ d)],       in two dimensions  Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A.
//
// The transposed algorithm multiplies polynomials of degrees 3 and 2 by their values at six points (Toom and Cook): row
// j of Aᵀ, as a column, holds the powers of point j; row j of G too, over fⱼ = Π_{k≠j} (pⱼ − p_k); row j of Bᵀ holds
// the coefficients of Π_{k≠j} (x − p_k). The last point is infinity. Lavin and Gray take 0, ±1, ±2. The points here, 0,
// ±5/8, ±3/2, whose powers are nearer to 1 and exact in binary, lose less than half as much to rounding.
//
// Stride 2. yᵢ = g₀ d_{2i} + g₂ d_{2i+2} + g₁ d_{2i+1} is a convolution of the even inputs with a kernel of two,
// F(4, 2) with five products at ±3/8, ±5/4 and infinity, and four products by g₁ of the odd ones: nine instead of
// twelve, 81 instead of 144 in two dimensions.
//
// Points come in pairs ±p, so that even and odd parts are shared.
#if defined(TAPESTRY_KERNELS_WINOGRAD_TRANSFORMS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TAPESTRY_KERNELS_WINOGRAD_TRANSFORMS_INL
#undef TAPESTRY_KERNELS_WINOGRAD_TRANSFORMS_INL
#else
#define TAPESTRY_KERNELS_WINOGRAD_TRANSFORMS_INL
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// The points ±p and ±q.
struct UnitPoints {
  static constexpr float p = 0.625F, q = 1.5F;
};
struct StridedPoints {
  static constexpr float p = 0.375F, q = 1.25F;
};

/// s + a · t and s − a · t.
template <class D, class V>
HWY_INLINE void split(D d, V s, float a, V t, V& sum, V& difference) {
  sum = hn::MulAdd(hn::Set(d, a), t, s);
  difference = hn::NegMulAdd(hn::Set(d, a), t, s);
}

/// (x² − p²)(x² − q²) with the powers of x replaced by d₀, d₂ and d₄.
template <class Points, class D, class V>
HWY_INLINE V all_points(D d, V d0, V d2, V d4) {
  constexpr float p2 = Points::p * Points::p, q2 = Points::q * Points::q;
  return hn::MulAdd(hn::Set(d, p2 * q2), d0, hn::NegMulAdd(hn::Set(d, p2 + q2), d2, d4));
}

/// The values of yᵢ as coefficients at ±p and ±q.
template <class Points, class D, class V>
HWY_INLINE void evaluate(D d, const V (&y)[4], V (&at)[4]) {
  constexpr float p2 = Points::p * Points::p, q2 = Points::q * Points::q;
  const auto at_pair = [&](float point, float square, V& plus, V& minus) HWY_ATTR {
    split(d, hn::MulAdd(hn::Set(d, square), y[2], y[0]), point, hn::MulAdd(hn::Set(d, square), y[3], y[1]), plus,
          minus);
  };
  at_pair(Points::p, p2, at[0], at[1]);
  at_pair(Points::q, q2, at[2], at[3]);
}

/// The adjoint of `evaluate`: yᵢ = Σ mⱼ pⱼⁱ.
template <class Points, class D, class V>
HWY_INLINE void interpolate(D d, V plus_p, V minus_p, V plus_q, V minus_q, V (&y)[4]) {
  constexpr float p = Points::p, p2 = p * p, p3 = p2 * p;
  constexpr float q = Points::q, q2 = q * q, q3 = q2 * q;
  const V even_p = hn::Add(plus_p, minus_p), odd_p = hn::Sub(plus_p, minus_p);
  const V even_q = hn::Add(plus_q, minus_q), odd_q = hn::Sub(plus_q, minus_q);
  y[0] = hn::Add(even_p, even_q);
  y[1] = hn::MulAdd(hn::Set(d, p), odd_p, hn::Mul(hn::Set(d, q), odd_q));
  y[2] = hn::MulAdd(hn::Set(d, p2), even_p, hn::Mul(hn::Set(d, q2), even_q));
  y[3] = hn::MulAdd(hn::Set(d, p3), odd_p, hn::Mul(hn::Set(d, q3), odd_q));
}

/// Bᵀ d for stride 1.
struct UnitInput {
  static constexpr int in = 6, out = 6;
  template <class D, class V>
  HWY_INLINE void operator()(D d, const V (&x)[6], V (&t)[6]) const {
    constexpr float p = UnitPoints::p, p2 = p * p, q = UnitPoints::q, q2 = q * q;
    t[0] = all_points<UnitPoints>(d, x[0], x[2], x[4]);
    split(d, hn::NegMulAdd(hn::Set(d, q2), x[2], x[4]), p, hn::NegMulAdd(hn::Set(d, q2), x[1], x[3]), t[1], t[2]);
    split(d, hn::NegMulAdd(hn::Set(d, p2), x[2], x[4]), q, hn::NegMulAdd(hn::Set(d, p2), x[1], x[3]), t[3], t[4]);
    t[5] = all_points<UnitPoints>(d, x[1], x[3], x[5]);
  }
};

/// Aᵀ m for stride 1.
struct UnitOutput {
  static constexpr int in = 6, out = 4;
  template <class D, class V>
  HWY_INLINE void operator()(D d, const V (&m)[6], V (&y)[4]) const {
    interpolate<UnitPoints>(d, m[1], m[2], m[3], m[4], y);
    y[0] = hn::Add(y[0], m[0]);
    y[3] = hn::Add(y[3], m[5]);
  }
};

/// A y, the adjoint of `UnitOutput`.
struct UnitGradient {
  static constexpr int in = 4, out = 6;
  template <class D, class V>
  HWY_INLINE void operator()(D d, const V (&y)[4], V (&m)[6]) const {
    V at[4];
    evaluate<UnitPoints>(d, y, at);
    m[0] = y[0];
    HWY_UNROLL(4)
    for (int i = 0; i < 4; ++i) m[i + 1] = at[i];
    m[5] = y[3];
  }
};

/// G g for stride 1, and its adjoint Gᵀ u.
struct UnitKernel {
  static constexpr int in = 3, out = 6;
  static constexpr float p = UnitPoints::p, p2 = p * p, q = UnitPoints::q, q2 = q * q;
  static constexpr float f0 = 1 / (p2 * q2);             // 1 / f of point 0
  static constexpr float fp = 1 / (2 * p2 * (p2 - q2));  // of ±p
  static constexpr float fq = 1 / (2 * q2 * (q2 - p2));  // of ±q

  template <class D, class V>
  HWY_INLINE void operator()(D d, const V (&g)[3], V (&u)[6]) const {
    u[0] = hn::Mul(hn::Set(d, f0), g[0]);
    const V even_p = hn::Mul(hn::Set(d, fp), hn::MulAdd(hn::Set(d, p2), g[2], g[0]));
    const V even_q = hn::Mul(hn::Set(d, fq), hn::MulAdd(hn::Set(d, q2), g[2], g[0]));
    split(d, even_p, fp * p, g[1], u[1], u[2]);
    split(d, even_q, fq * q, g[1], u[3], u[4]);
    u[5] = g[2];
  }
};
struct UnitKernelGradient {
  static constexpr int in = 6, out = 3;
  template <class D, class V>
  HWY_INLINE void operator()(D d, const V (&u)[6], V (&g)[3]) const {
    using K = UnitKernel;
    const V even_p = hn::Mul(hn::Set(d, K::fp), hn::Add(u[1], u[2])), odd_p = hn::Sub(u[1], u[2]);
    const V even_q = hn::Mul(hn::Set(d, K::fq), hn::Add(u[3], u[4])), odd_q = hn::Sub(u[3], u[4]);
    g[0] = hn::MulAdd(hn::Set(d, K::f0), u[0], hn::Add(even_p, even_q));
    g[1] = hn::MulAdd(hn::Set(d, K::fp * K::p), odd_p, hn::Mul(hn::Set(d, K::fq * K::q), odd_q));
    g[2] = hn::MulAdd(hn::Set(d, K::p2), even_p, hn::MulAdd(hn::Set(d, K::q2), even_q, u[5]));
  }
};

/// Bᵀ d of five neighboring inputs of one parity, as F(4, 2) takes them.
template <class D, class V>
HWY_INLINE void transform_parity(D d, V x0, V x1, V x2, V x3, V x4, V* t) {
  constexpr float p = StridedPoints::p, p2 = p * p, q = StridedPoints::q, q2 = q * q;
  split(d, hn::NegMulAdd(hn::Set(d, q2), x1, x3), p, hn::NegMulAdd(hn::Set(d, q2), x0, x2), t[0], t[1]);
  split(d, hn::NegMulAdd(hn::Set(d, p2), x1, x3), q, hn::NegMulAdd(hn::Set(d, p2), x0, x2), t[2], t[3]);
  t[4] = all_points<StridedPoints>(d, x0, x2, x4);
}

/// Nine inputs at stride 2: five factors of the even ones, then the odd ones as they are.
struct StridedInput {
  static constexpr int in = 9, out = 9;
  template <class D, class V>
  HWY_INLINE void operator()(D d, const V (&x)[9], V (&t)[9]) const {
    transform_parity(d, x[0], x[2], x[4], x[6], x[8], t);
    HWY_UNROLL(4)
    for (int i = 0; i < 4; ++i) t[5 + i] = x[2 * i + 1];
  }
};

/// The four outputs of nine products at stride 2.
struct StridedOutput {
  static constexpr int in = 9, out = 4;
  template <class D, class V>
  HWY_INLINE void operator()(D d, const V (&m)[9], V (&y)[4]) const {
    interpolate<StridedPoints>(d, m[0], m[1], m[2], m[3], y);
    y[3] = hn::Add(y[3], m[4]);
    HWY_UNROLL(4)
    for (int i = 0; i < 4; ++i) y[i] = hn::Add(y[i], m[5 + i]);
  }
};

/// The adjoint of `StridedOutput`.
struct StridedGradient {
  static constexpr int in = 4, out = 9;
  template <class D, class V>
  HWY_INLINE void operator()(D d, const V (&y)[4], V (&m)[9]) const {
    V at[4];
    evaluate<StridedPoints>(d, y, at);
    HWY_UNROLL(4)
    for (int i = 0; i < 4; ++i) {
      m[i] = at[i];
      m[5 + i] = y[i];
    }
    m[4] = y[3];
  }
};

/// The gradient of the inputs at stride 2 is a convolution too: counted with the padding, the odd ones get g₁ dyⱼ and
/// the even ones after them g₂ dyⱼ + g₀ dy_{j+1}, F(4, 2) of five gradients.
struct SpreadInput {
  static constexpr int in = 5, out = 9;
  template <class D, class V>
  HWY_INLINE void operator()(D d, const V (&y)[5], V (&t)[9]) const {
    transform_parity(d, y[0], y[1], y[2], y[3], y[4], t);
    HWY_UNROLL(4)
    for (int i = 0; i < 4; ++i) t[5 + i] = y[i];
  }
};
struct SpreadOutput {
  static constexpr int in = 9, out = 8;
  template <class D, class V>
  HWY_INLINE void operator()(D d, const V (&m)[9], V (&x)[8]) const {
    V even[4];
    interpolate<StridedPoints>(d, m[0], m[1], m[2], m[3], even);
    even[3] = hn::Add(even[3], m[4]);
    HWY_UNROLL(4)
    for (int i = 0; i < 4; ++i) {
      x[2 * i] = m[5 + i];
      x[2 * i + 1] = even[i];
    }
  }
};

/// Six factors of a kernel at stride 2, G (g₀, g₂) and g₁, and the adjoint.
struct StridedKernel {
  static constexpr int in = 3, out = 6;
  static constexpr float p = StridedPoints::p, q = StridedPoints::q;
  static constexpr float fp = 1 / (2 * p * (p * p - q * q));  // 1 / f of p, and −1 / f of −p
  static constexpr float fq = 1 / (2 * q * (q * q - p * p));

  template <class D, class V>
  HWY_INLINE void operator()(D d, const V (&g)[3], V (&u)[6]) const {
    V minus_p, minus_q;
    split(d, hn::Mul(hn::Set(d, fp), g[0]), fp * p, g[2], u[0], minus_p);
    split(d, hn::Mul(hn::Set(d, fq), g[0]), fq * q, g[2], u[2], minus_q);
    u[1] = hn::Neg(minus_p);
    u[3] = hn::Neg(minus_q);
    u[4] = g[2];
    u[5] = g[1];
  }
};
struct StridedKernelGradient {
  static constexpr int in = 6, out = 3;
  template <class D, class V>
  HWY_INLINE void operator()(D d, const V (&u)[6], V (&g)[3]) const {
    using K = StridedKernel;
    g[0] = hn::MulAdd(hn::Set(d, K::fp), hn::Sub(u[0], u[1]), hn::Mul(hn::Set(d, K::fq), hn::Sub(u[2], u[3])));
    g[1] = u[5];
    g[2] = hn::MulAdd(hn::Set(d, K::fp * K::p), hn::Add(u[0], u[1]),
                      hn::MulAdd(hn::Set(d, K::fq * K::q), hn::Add(u[2], u[3]), u[4]));
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#endif
