// The ReLU after a normalisation, in doubles that stand for results of type T. Included once per instruction set.
#if defined(TAPESTRY_KERNELS_CHANNEL_RELU_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TAPESTRY_KERNELS_CHANNEL_RELU_INL
#undef TAPESTRY_KERNELS_CHANNEL_RELU_INL
#else
#define TAPESTRY_KERNELS_CHANNEL_RELU_INL
#endif

#include <type_traits>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// min(max(y, 0), upper); without a bound `upper` is NaN.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V rectify(D d, V y, V upper) {
  return hn::IfThenElse(hn::Gt(y, upper), upper, hn::IfThenZeroElse(hn::Le(y, hn::Zero(d)), y));
}

/// dy where y, rounded to T as the result was, lies between the bounds or is NaN; 0 elsewhere.
template <class T, class D, class V = hn::Vec<D>>
HWY_INLINE V let_through(D d, V dy, V y, V upper) {
  if constexpr (std::is_same_v<T, float>) y = hn::PromoteTo(d, hn::DemoteTo(hn::Rebind<float, D>(), y));
  return hn::IfThenZeroElse(hn::Or(hn::Le(y, hn::Zero(d)), hn::Ge(y, upper)), dy);
}

}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#endif
