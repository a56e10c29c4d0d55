#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/elementwise/exp_rows.cpp>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/kernels/elementwise/exp_rows.hpp>
#include <tapestry/kernels/simd/channels-inl.hpp>
#include <tapestry/kernels/simd/dispatch.hpp>
#include <tapestry/kernels/simd/doubles-inl.hpp>
#include <tapestry/kernels/simd/exp-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

template <class T>
double exp_sum_of(std::int64_t size, const T* HWY_RESTRICT x, double largest) {
  double total = 0;
  const hn::ScalableTag<double> whole;
  auto sums = hn::Zero(whole);
  std::int64_t i = for_whole_vectors(whole, 0, size, [&](auto d, std::int64_t at) HWY_ATTR {
    sums = hn::Add(sums, exp_of(d, hn::Sub(load(d, x + at), hn::Set(d, largest))));
  });
  for_whole_vectors(hn::CappedTag<double, 1>(), i, size, [&](auto d, std::int64_t at) HWY_ATTR {
    total += hn::GetLane(exp_of(d, hn::Sub(load(d, x + at), hn::Set(d, largest))));
  });
  return total + hn::GetLane(hn::SumOfLanes(whole, sums));
}

template <class T>
double exp_row_of(std::int64_t size, const T* x, T largest, T* out) {
  for_channels<T>(size, [&](auto d, std::int64_t at) HWY_ATTR {
    hn::StoreU(exp_of(d, hn::Sub(hn::LoadU(d, x + at), hn::Set(d, largest))), d, out + at);
  });
  double total = 0;
  const hn::ScalableTag<double> whole;
  auto sums = hn::Zero(whole);
  std::int64_t i = for_whole_vectors(
      whole, 0, size, [&](auto d, std::int64_t at) HWY_ATTR { sums = hn::Add(sums, load(d, out + at)); });
  for (; i < size; ++i) total += static_cast<double>(out[i]);
  return total + hn::GetLane(hn::SumOfLanes(whole, sums));
}

TAPESTRY_KERNEL(exp_sum_of);
TAPESTRY_KERNEL(exp_row_of);

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapestry::kernels {
namespace {
TAPESTRY_EXPORT(exp_sum_of);
TAPESTRY_EXPORT(exp_row_of);
}  // namespace

template <class T>
double exp_sum(std::int64_t size, const T* x, double largest) {
  return TAPESTRY_DISPATCH(exp_sum_of, T)(size, x, largest);
}
template <class T>
double exp_row(std::int64_t size, const T* x, T largest, T* out) {
  return TAPESTRY_DISPATCH(exp_row_of, T)(size, x, largest, out);
}

template double exp_sum(std::int64_t, const float*, double);
template double exp_sum(std::int64_t, const double*, double);
template double exp_row(std::int64_t, const float*, float, float*);
template double exp_row(std::int64_t, const double*, double, double*);

}  // namespace tapestry::kernels
#endif
