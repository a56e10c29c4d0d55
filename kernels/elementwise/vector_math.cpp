#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/elementwise/vector_math.cpp>

// clang-format off: this one has to come first
#include <hwy/foreach_target.h>
// clang-format on
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <tapestry/kernels/elementwise/vector_math.hpp>
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

void exp_f32(std::int64_t size, float* values) {
  replace_by_exp(size, values);
}
void exp_f64(std::int64_t size, double* values) {
  replace_by_exp(size, values);
}
void expm1_f32(std::int64_t size, float* values) {
  replace_by_expm1(size, values);
}
void expm1_f64(std::int64_t size, double* values) {
  replace_by_expm1(size, values);
}
void log1p_f32(std::int64_t size, float* values) {
  replace_by_log1p(size, values);
}
void log1p_f64(std::int64_t size, double* values) {
  replace_by_log1p(size, values);
}
void tanh_f32(std::int64_t size, float* values) {
  replace_by_tanh(size, values);
}
void tanh_f64(std::int64_t size, double* values) {
  replace_by_tanh(size, values);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapestry::kernels {

HWY_EXPORT(exp_f32);
HWY_EXPORT(exp_f64);
HWY_EXPORT(expm1_f32);
HWY_EXPORT(expm1_f64);
HWY_EXPORT(log1p_f32);
HWY_EXPORT(log1p_f64);
HWY_EXPORT(tanh_f32);
HWY_EXPORT(tanh_f64);

template <>
void vector_exp(std::int64_t size, float* values) {
  HWY_DYNAMIC_DISPATCH(exp_f32)(size, values);
}
template <>
void vector_exp(std::int64_t size, double* values) {
  HWY_DYNAMIC_DISPATCH(exp_f64)(size, values);
}
template <>
void vector_expm1(std::int64_t size, float* values) {
  HWY_DYNAMIC_DISPATCH(expm1_f32)(size, values);
}
template <>
void vector_expm1(std::int64_t size, double* values) {
  HWY_DYNAMIC_DISPATCH(expm1_f64)(size, values);
}
template <>
void vector_log1p(std::int64_t size, float* values) {
  HWY_DYNAMIC_DISPATCH(log1p_f32)(size, values);
}
template <>
void vector_log1p(std::int64_t size, double* values) {
  HWY_DYNAMIC_DISPATCH(log1p_f64)(size, values);
}
template <>
void vector_tanh(std::int64_t size, float* values) {
  HWY_DYNAMIC_DISPATCH(tanh_f32)(size, values);
}
template <>
void vector_tanh(std::int64_t size, double* values) {
  HWY_DYNAMIC_DISPATCH(tanh_f64)(size, values);
}

}  // namespace tapestry::kernels
#endif
