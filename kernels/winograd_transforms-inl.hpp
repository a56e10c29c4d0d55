// The transforms of Winograd's convolution F(4×4, 3×3), on vectors of channels. Included once per instruction set.
//
// Four outputs yᵢ = Σᵣ gᵣ d_{i+r} of a kernel g of three along one axis come from six inputs d by six products instead
// of twelve (Winograd, "Arithmetic complexity of computations", 1980; Lavin and Gray, "Fast algorithms for
// convolutional neural networks", 2016):
//
//   y = Aᵀ [(G g) ⊙ (Bᵀ d)],       in two dimensions  Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A.
//
// The transposed algorithm multiplies polynomials of degrees 3 and 2 by their values at six points (Toom and Cook): row
// j of Aᵀ, as a column, holds the powers of point j; row j of G too, over fⱼ = Π_{k≠j} (pⱼ − p_k); row j of Bᵀ holds
// the coefficients of Π_{k≠j} (x − p_k). The last point is infinity. Lavin and Gray take 0, ±1, ±2. The points here, 0,
// ±5/8, ±3/2, whose powers are nearer to 1 and exact in binary, lose less than half as much to rounding: with 64
// channels of normal numbers a root mean square error of 8e-7 of that of the result, where theirs gives 2e-6 and a
// plain sum 4e-7.
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

namespace winograd_points {
inline constexpr float p = 0.625F, p2 = p * p, p3 = p2 * p;
inline constexpr float q = 1.5F, q2 = q * q, q3 = q2 * q;
}  // namespace winograd_points

/// Bᵀ d: six inputs become six factors.
template <class D, class V>
HWY_INLINE void transform_input(D d, const V (&x)[6], V (&t)[6]) {
  using namespace winograd_points;
  const V sum = hn::Set(d, p2 + q2), product = hn::Set(d, p2 * q2);
  t[0] = hn::MulAdd(product, x[0], hn::NegMulAdd(sum, x[2], x[4]));
  t[5] = hn::MulAdd(product, x[1], hn::NegMulAdd(sum, x[3], x[5]));
  const V square_p = hn::Set(d, p2), square_q = hn::Set(d, q2);
  const V even_p = hn::NegMulAdd(square_q, x[2], x[4]), odd_p = hn::NegMulAdd(square_q, x[1], x[3]);
  const V even_q = hn::NegMulAdd(square_p, x[2], x[4]), odd_q = hn::NegMulAdd(square_p, x[1], x[3]);
  t[1] = hn::MulAdd(hn::Set(d, p), odd_p, even_p);
  t[2] = hn::NegMulAdd(hn::Set(d, p), odd_p, even_p);
  t[3] = hn::MulAdd(hn::Set(d, q), odd_q, even_q);
  t[4] = hn::NegMulAdd(hn::Set(d, q), odd_q, even_q);
}

/// Aᵀ m: six products become four outputs.
template <class D, class V>
HWY_INLINE void transform_output(D d, const V (&m)[6], V (&y)[4]) {
  using namespace winograd_points;
  const V even_p = hn::Add(m[1], m[2]), odd_p = hn::Sub(m[1], m[2]);
  const V even_q = hn::Add(m[3], m[4]), odd_q = hn::Sub(m[3], m[4]);
  y[0] = hn::Add(hn::Add(m[0], even_p), even_q);
  y[1] = hn::MulAdd(hn::Set(d, p), odd_p, hn::Mul(hn::Set(d, q), odd_q));
  y[2] = hn::MulAdd(hn::Set(d, p2), even_p, hn::Mul(hn::Set(d, q2), even_q));
  y[3] = hn::MulAdd(hn::Set(d, p3), odd_p, hn::MulAdd(hn::Set(d, q3), odd_q, m[5]));
}

/// A y, the adjoint of `transform_output`: four gradients become six factors.
template <class D, class V>
HWY_INLINE void transform_gradient(D d, const V (&y)[4], V (&m)[6]) {
  using namespace winograd_points;
  m[0] = y[0];
  const V even_p = hn::MulAdd(hn::Set(d, p2), y[2], y[0]), odd_p = hn::MulAdd(hn::Set(d, p2), y[3], y[1]);
  const V even_q = hn::MulAdd(hn::Set(d, q2), y[2], y[0]), odd_q = hn::MulAdd(hn::Set(d, q2), y[3], y[1]);
  m[1] = hn::MulAdd(hn::Set(d, p), odd_p, even_p);
  m[2] = hn::NegMulAdd(hn::Set(d, p), odd_p, even_p);
  m[3] = hn::MulAdd(hn::Set(d, q), odd_q, even_q);
  m[4] = hn::NegMulAdd(hn::Set(d, q), odd_q, even_q);
  m[5] = y[3];
}

namespace winograd_points {
inline constexpr float f0 = 1 / (p2 * q2);             // 1 / f of point 0
inline constexpr float fp = 1 / (2 * p2 * (p2 - q2));  // of ±p
inline constexpr float fq = 1 / (2 * q2 * (q2 - p2));  // of ±q
}  // namespace winograd_points

/// G g: three weights become six factors.
template <class D, class V>
HWY_INLINE void transform_kernel(D d, const V (&g)[3], V (&u)[6]) {
  using namespace winograd_points;
  u[0] = hn::Mul(hn::Set(d, f0), g[0]);
  const V even_p = hn::Mul(hn::Set(d, fp), hn::MulAdd(hn::Set(d, p2), g[2], g[0]));
  const V even_q = hn::Mul(hn::Set(d, fq), hn::MulAdd(hn::Set(d, q2), g[2], g[0]));
  u[1] = hn::MulAdd(hn::Set(d, fp * p), g[1], even_p);
  u[2] = hn::NegMulAdd(hn::Set(d, fp * p), g[1], even_p);
  u[3] = hn::MulAdd(hn::Set(d, fq * q), g[1], even_q);
  u[4] = hn::NegMulAdd(hn::Set(d, fq * q), g[1], even_q);
  u[5] = g[2];
}

/// Gᵀ u, the adjoint of `transform_kernel`: six sums become the gradients of three weights.
template <class D, class V>
HWY_INLINE void transform_kernel_gradient(D d, const V (&u)[6], V (&g)[3]) {
  using namespace winograd_points;
  const V even_p = hn::Mul(hn::Set(d, fp), hn::Add(u[1], u[2])), odd_p = hn::Sub(u[1], u[2]);
  const V even_q = hn::Mul(hn::Set(d, fq), hn::Add(u[3], u[4])), odd_q = hn::Sub(u[3], u[4]);
  g[0] = hn::MulAdd(hn::Set(d, f0), u[0], hn::Add(even_p, even_q));
  g[1] = hn::MulAdd(hn::Set(d, fp * p), odd_p, hn::Mul(hn::Set(d, fq * q), odd_q));
  g[2] = hn::MulAdd(hn::Set(d, p2), even_p, hn::MulAdd(hn::Set(d, q2), even_q, u[5]));
}

}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#endif
