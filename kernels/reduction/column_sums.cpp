#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/reduction/column_sums.cpp>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/kernels/reduction/column_sums.hpp>
#include <tapestry/kernels/simd/channels-inl.hpp>
#include <tapestry/kernels/simd/dispatch.hpp>
#include <tapestry/kernels/simd/doubles-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

/// The sums of `vectors` adjacent vectors of columns; several at a time hide the latency of the additions.
template <int vectors, class T, class D>
HWY_INLINE void add_columns(D d, std::int64_t rows, std::int64_t columns, const T* HWY_RESTRICT in,
                            double* HWY_RESTRICT sums) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  hn::Vec<D> totals[vectors];
  for (int v = 0; v < vectors; ++v) totals[v] = hn::Zero(d);
  for (std::int64_t row = 0; row < rows; ++row) {
    for (int v = 0; v < vectors; ++v) totals[v] = hn::Add(totals[v], load(d, in + row * columns + v * lanes));
  }
  for (int v = 0; v < vectors; ++v) hn::StoreU(totals[v], d, sums + v * lanes);
}

template <class T>
void sum_columns(std::int64_t rows, std::int64_t columns, const T* in, double* sums) {
  constexpr int vectors = 4;
  const hn::ScalableTag<double> whole;
  const std::int64_t step = vectors * static_cast<std::int64_t>(hn::Lanes(whole));
  std::int64_t column = 0;
  for (; column + step <= columns; column += step) {
    add_columns<vectors>(whole, rows, columns, in + column, sums + column);
  }
  const auto one = [&](auto d, std::int64_t c) HWY_ATTR { add_columns<1>(d, rows, columns, in + c, sums + c); };
  column = for_whole_vectors(whole, column, columns, one);
  column = for_whole_vectors(hn::CappedTag<double, 4>(), column, columns, one);
  for_whole_vectors(hn::CappedTag<double, 1>(), column, columns, one);
}

TAPESTRY_KERNEL(sum_columns);

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapestry::kernels {
namespace {
TAPESTRY_EXPORT(sum_columns);
}  // namespace

template <class T>
void column_sums(std::int64_t rows, std::int64_t columns, const T* in, double* sums) {
  TAPESTRY_DISPATCH(sum_columns, T)(rows, columns, in, sums);
}
template void column_sums(std::int64_t, std::int64_t, const float*, double*);
template void column_sums(std::int64_t, std::int64_t, const double*, double*);

}  // namespace tapestry::kernels
#endif
