// Vectors of doubles from and to memory of either floating type. Included once per instruction set.
#if defined(TAPESTRY_KERNELS_DOUBLES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TAPESTRY_KERNELS_DOUBLES_INL
#undef TAPESTRY_KERNELS_DOUBLES_INL
#else
#define TAPESTRY_KERNELS_DOUBLES_INL
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::Vec<D> load(D d, const float* from) {
  return hn::PromoteTo(d, hn::LoadU(hn::Rebind<float, D>(), from));
}
template <class D>
HWY_INLINE hn::Vec<D> load(D d, const double* from) {
  return hn::LoadU(d, from);
}
template <class D>
HWY_INLINE void store(D, hn::Vec<D> v, float* to) {
  const hn::Rebind<float, D> narrow;
  hn::StoreU(hn::DemoteTo(narrow, v), narrow, to);
}
template <class D>
HWY_INLINE void store(D d, hn::Vec<D> v, double* to) {
  hn::StoreU(v, d, to);
}

}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#endif
