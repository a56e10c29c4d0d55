// The ReLU after a normalisation, in doubles. Included once per instruction set.
#if defined(TAPESTRY_KERNELS_CHANNEL_RELU_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TAPESTRY_KERNELS_CHANNEL_RELU_INL
#undef TAPESTRY_KERNELS_CHANNEL_RELU_INL
#else
#define TAPESTRY_KERNELS_CHANNEL_RELU_INL
#endif

#include <hwy/highway.h>

#include <tapestry/kernels/channel_norm_rows.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// max(y, 0), and with a bound no more than `upper`; NaN stays NaN.
template <channel_norm::Relu relu, class D, class V = hn::Vec<D>>
HWY_INLINE V rectify(D d, V y, V upper) {
  if constexpr (relu == channel_norm::Relu::none) return y;
  const V rectified = hn::IfThenZeroElse(hn::Le(y, hn::Zero(d)), y);
  if constexpr (relu == channel_norm::Relu::bounded) return hn::IfThenElse(hn::Gt(y, upper), upper, rectified);
  return rectified;
}

/// dy where y lies between 0 and `kink`, if there is a bound, or is NaN; 0 elsewhere.
template <channel_norm::Relu relu, class D, class V = hn::Vec<D>>
HWY_INLINE V let_through(D d, V dy, V y, V kink) {
  if constexpr (relu == channel_norm::Relu::none) return dy;
  auto is_cut = hn::Le(y, hn::Zero(d));
  if constexpr (relu == channel_norm::Relu::bounded) is_cut = hn::Or(is_cut, hn::Ge(y, kink));
  return hn::IfThenZeroElse(is_cut, dy);
}

}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#endif
