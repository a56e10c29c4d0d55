// Loads and stores of vectors from and to memory of the same type, or of doubles from and to float memory. Included
// once per instruction set.
#if defined(TAPESTRY_KERNELS_DOUBLES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TAPESTRY_KERNELS_DOUBLES_INL
#undef TAPESTRY_KERNELS_DOUBLES_INL
#else
#define TAPESTRY_KERNELS_DOUBLES_INL
#endif

#include <type_traits>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Converts to double.
template <class D, class V>
HWY_INLINE hn::Vec<D> widened(D d, V v) {
  if constexpr (sizeof(hn::TFromV<V>) == sizeof(double)) {
    return v;
  } else {
    return hn::PromoteTo(d, v);
  }
}

/// Converts from double to T; the result has the tag Rebind<T, D>.
template <class T, class D>
HWY_INLINE hn::Vec<hn::Rebind<T, D>> narrowed(D, hn::Vec<D> v) {
  if constexpr (sizeof(T) == sizeof(double)) {
    return v;
  } else {
    return hn::DemoteTo(hn::Rebind<T, D>(), v);
  }
}

/// Loads and stores between vectors of d and memory of T, which is of the same type or narrower than double.
template <class D, class T>
HWY_INLINE hn::Vec<D> load(D d, const T* from) {
  if constexpr (std::is_same_v<hn::TFromD<D>, T>) {
    return hn::LoadU(d, from);
  } else {
    return widened(d, hn::LoadU(hn::Rebind<T, D>(), from));
  }
}
template <class D, class T>
HWY_INLINE void store(D d, hn::Vec<D> v, T* to) {
  if constexpr (std::is_same_v<hn::TFromD<D>, T>) {
    hn::StoreU(v, d, to);
  } else {
    hn::StoreU(narrowed<T>(d, v), hn::Rebind<T, D>(), to);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#endif
