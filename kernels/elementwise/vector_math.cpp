#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/elementwise/vector_math.cpp>

// clang-format off: must come first
#include <hwy/foreach_target.h>
// clang-format on
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <tapestry/kernels/elementwise/vector_math.hpp>
#include <tapestry/kernels/simd/dispatch.hpp>
#include <tapestry/kernels/simd/exp-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

template <class T, class F>
HWY_INLINE void replace(std::int64_t size, T* values, const F& f) {
  const hn::CappedTag<T, vector_padding> d;
  for (std::int64_t i = 0; i < size; i += static_cast<std::int64_t>(hn::Lanes(d))) {
    const auto x = hn::LoadU(d, values + i);
    hn::StoreU(hn::IfThenElse(hn::IsNaN(x), x, f(d, x)), d, values + i);
  }
}

template <class T>
HWY_NOINLINE void replace_by_exp(std::int64_t size, T* values) {
  replace(size, values, [](auto d, auto x) HWY_ATTR { return exp_of(d, x); });
}
template <class T>
HWY_NOINLINE void replace_by_expm1(std::int64_t size, T* values) {
  replace(size, values, [](auto d, auto x) HWY_ATTR { return hn::Expm1(d, x); });
}
template <class T>
HWY_NOINLINE void replace_by_log1p(std::int64_t size, T* values) {
  replace(size, values, [](auto d, auto x) HWY_ATTR { return hn::Log1p(d, x); });
}
template <class T>
HWY_NOINLINE void replace_by_tanh(std::int64_t size, T* values) {
  replace(size, values, [](auto d, auto x) HWY_ATTR { return hn::Tanh(d, x); });
}

TAPESTRY_KERNEL(replace_by_exp);
TAPESTRY_KERNEL(replace_by_expm1);
TAPESTRY_KERNEL(replace_by_log1p);
TAPESTRY_KERNEL(replace_by_tanh);

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapestry::kernels {
namespace {
TAPESTRY_EXPORT(replace_by_exp);
TAPESTRY_EXPORT(replace_by_expm1);
TAPESTRY_EXPORT(replace_by_log1p);
TAPESTRY_EXPORT(replace_by_tanh);
}  // namespace

template <class T>
void vector_exp(std::int64_t size, T* values) {
  TAPESTRY_DISPATCH(replace_by_exp, T)(size, values);
}
template <class T>
void vector_expm1(std::int64_t size, T* values) {
  TAPESTRY_DISPATCH(replace_by_expm1, T)(size, values);
}
template <class T>
void vector_log1p(std::int64_t size, T* values) {
  TAPESTRY_DISPATCH(replace_by_log1p, T)(size, values);
}
template <class T>
void vector_tanh(std::int64_t size, T* values) {
  TAPESTRY_DISPATCH(replace_by_tanh, T)(size, values);
}

template void vector_exp(std::int64_t, float*);
template void vector_exp(std::int64_t, double*);
template void vector_expm1(std::int64_t, float*);
template void vector_expm1(std::int64_t, double*);
template void vector_log1p(std::int64_t, float*);
template void vector_log1p(std::int64_t, double*);
template void vector_tanh(std::int64_t, float*);
template void vector_tanh(std::int64_t, double*);

}  // namespace tapestry::kernels
#endif
