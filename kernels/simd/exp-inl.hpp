// The vectorized exponential. Included once per instruction set.
#if defined(TAPESTRY_KERNELS_EXP_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TAPESTRY_KERNELS_EXP_INL
#undef TAPESTRY_KERNELS_EXP_INL
#else
#define TAPESTRY_KERNELS_EXP_INL
#endif

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// eˣ with an error of one unit in the last place; overflows to infinity, and NaN stays NaN. Highway's Exp is correct
/// up to 104 in f32, where the result is infinite, and up to 706 in f64, where it is not: larger x are computed with
/// the exponent lowered by 10. Highway's Exp of NaN is 0.
template <class D, class V>
HWY_INLINE V exp_of(D d, V x) {
  V power;
  if constexpr (sizeof(hn::TFromD<D>) == 4) {
    power = hn::Exp(d, hn::Min(x, hn::Set(d, 104)));
  } else {
    const auto is_large = hn::Gt(x, hn::Set(d, 700));
    const V lowered = hn::Sub(x, hn::IfThenElseZero(is_large, hn::Set(d, 10)));
    const V factor = hn::IfThenElse(is_large, hn::Set(d, 22026.465794806716517), hn::Set(d, 1));
    power = hn::Mul(hn::Exp(d, hn::Min(lowered, hn::Set(d, 706))), factor);
  }
  return hn::IfThenElse(hn::IsNaN(x), x, power);
}

}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#endif
