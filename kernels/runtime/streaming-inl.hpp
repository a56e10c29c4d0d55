// Stores, optionally streaming. Included once per instruction set.
#if defined(TAPESTRY_KERNELS_STREAMING_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TAPESTRY_KERNELS_STREAMING_INL
#undef TAPESTRY_KERNELS_STREAMING_INL
#else
#define TAPESTRY_KERNELS_STREAMING_INL
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Stores a vector, bypassing the caches if `streams` (`should_stream`).
template <class D, class V>
HWY_INLINE void store_result(bool streams, V value, D d, hn::TFromD<D>* HWY_RESTRICT target) {
  if (streams) {
    hn::Stream(value, d, target);
  } else {
    hn::StoreU(value, d, target);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#endif
