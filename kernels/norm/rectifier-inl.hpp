// The choice of a rectifier. Included once per instruction set.
#if defined(TAPESTRY_KERNELS_RECTIFIER_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TAPESTRY_KERNELS_RECTIFIER_INL
#undef TAPESTRY_KERNELS_RECTIFIER_INL
#else
#define TAPESTRY_KERNELS_RECTIFIER_INL
#endif

#include <type_traits>

#include <hwy/highway.h>

#include <tapestry/kernels/elementwise/epilogue-inl.hpp>
#include <tapestry/kernels/norm/channel_norm.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {

/// Calls `body` with the kind, none, relu or relu6, as a constant.
template <class Body>
HWY_INLINE void with_rectifier(ActivationKind kind, const Body& body) {
  if (kind == ActivationKind::relu) return body(std::integral_constant<ActivationKind, ActivationKind::relu>());
  if (kind == ActivationKind::relu6) return body(std::integral_constant<ActivationKind, ActivationKind::relu6>());
  body(std::integral_constant<ActivationKind, ActivationKind::none>());
}

}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#endif
