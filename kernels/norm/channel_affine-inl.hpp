// x − mean, and the ReLU after a normalisation, in T. Included once per instruction set.
#if defined(TAPESTRY_KERNELS_CHANNEL_AFFINE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TAPESTRY_KERNELS_CHANNEL_AFFINE_INL
#undef TAPESTRY_KERNELS_CHANNEL_AFFINE_INL
#else
#define TAPESTRY_KERNELS_CHANNEL_AFFINE_INL
#endif

#include <cstdint>

#include <hwy/highway.h>

#include <tapestry/kernels/norm/channel_norm_rows.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// x − mean of the channels from `c` on.
template <class D, class T>
HWY_INLINE hn::Vec<D> centred(D d, hn::Vec<D> x, const ChannelAffine<T>& affine, std::int64_t c) {
  return hn::Sub(hn::Sub(x, hn::LoadU(d, affine.mean + c)), hn::LoadU(d, affine.mean_rest + c));
}

/// y before its ReLU.
template <class D, class T>
HWY_INLINE hn::Vec<D> normalised(D d, hn::Vec<D> x, const ChannelAffine<T>& affine, std::int64_t c) {
  return hn::MulAdd(centred(d, x, affine, c), hn::LoadU(d, affine.scale + c), hn::LoadU(d, affine.bias + c));
}

/// max(y, 0), and with a bound no more than `bound`; NaN stays NaN.
template <channel_norm::Relu relu, class D, class V = hn::Vec<D>>
HWY_INLINE V rectify(D d, V y, V bound) {
  if constexpr (relu == channel_norm::Relu::none) return y;
  const V rectified = hn::IfThenZeroElse(hn::Le(y, hn::Zero(d)), y);
  if constexpr (relu == channel_norm::Relu::bounded) return hn::IfThenElse(hn::Gt(y, bound), bound, rectified);
  return rectified;
}

/// dy where y lies between 0 and `bound`, if there is one, or is NaN; 0 elsewhere.
template <channel_norm::Relu relu, class D, class V = hn::Vec<D>>
HWY_INLINE V let_through(D d, V dy, V y, V bound) {
  if constexpr (relu == channel_norm::Relu::none) return dy;
  auto is_cut = hn::Le(y, hn::Zero(d));
  if constexpr (relu == channel_norm::Relu::bounded) is_cut = hn::Or(is_cut, hn::Ge(y, bound));
  return hn::IfThenZeroElse(is_cut, dy);
}

}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#endif
