#include <algorithm>
#include <cstddef>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/resample/resample.cpp>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/kernels/reduction/gather_sums.hpp>
#include <tapestry/kernels/resample/resample.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>
#include <tapestry/kernels/simd/channels-inl.hpp>
#include <tapestry/kernels/simd/dispatch.hpp>
#include <tapestry/kernels/simd/doubles-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

using Term = ResampleAxis::Term;
using Terms = std::span<const Term>;

/// to = Σ weight · x[source], where each source has `size` elements, computed in type Sum.
template <class Sum, class T>
HWY_INLINE void weighted_sum_in(Terms terms, std::int64_t size, const T* HWY_RESTRICT x, T* HWY_RESTRICT to) {
  const Term* const begin = terms.data();
  const Term* const end = begin + terms.size();
  for_channels<Sum>(size, [=](auto d, std::int64_t i) HWY_ATTR {
    auto sum = hn::Mul(hn::Set(d, static_cast<Sum>(begin->weight)), load(d, x + begin->source * size + i));
    for (const Term* term = begin + 1; term != end; ++term) {
      sum = hn::MulAdd(hn::Set(d, static_cast<Sum>(term->weight)), load(d, x + term->source * size + i), sum);
    }
    store(d, sum, to + i);
  });
}

template <class T>
HWY_INLINE void weighted_sum(Terms terms, std::int64_t size, const T* HWY_RESTRICT x, T* HWY_RESTRICT to) {
  if (terms.empty()) {
    std::fill_n(to, size, T{0});
  } else if (terms.size() > static_cast<std::size_t>(many_terms)) {
    weighted_sum_in<double>(terms, size, x, to);
  } else {
    weighted_sum_in<T>(terms, size, x, to);
  }
}

/// One output row of one image: mixes whole rows of the image, then the pixels of the mixed row.
template <class T>
void resample_row(Terms rows, const ResampleAxis& columns, std::int64_t channels, const T* HWY_RESTRICT image,
                  T* HWY_RESTRICT mixed, T* HWY_RESTRICT to) {
  const std::int64_t row_size = columns.in * channels;
  const T* source = mixed;
  if (rows.size() == 1 && rows[0].weight == 1) {
    source = image + rows[0].source * row_size;
  } else {
    weighted_sum(rows, row_size, image, mixed);
  }
  for (std::int64_t column = 0; column < columns.out(); ++column, to += channels)
    weighted_sum(columns.terms_of(column), channels, source, to);
}

TAPESTRY_KERNEL(resample_row);

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapestry::kernels {
namespace {
TAPESTRY_EXPORT(resample_row);
}  // namespace

ResampleAxis adjoint(const ResampleAxis& axis) {
  ResampleAxis result = {.in = axis.out()};
  result.begin.assign(static_cast<std::size_t>(axis.in) + 1, 0);
  for (const auto& term : axis.terms) ++result.begin[static_cast<std::size_t>(term.source) + 1];
  for (std::size_t i = 1; i < result.begin.size(); ++i) result.begin[i] += result.begin[i - 1];
  result.terms.resize(axis.terms.size());
  std::vector<std::int64_t> next = result.begin;
  for (std::int64_t output = 0; output < axis.out(); ++output) {
    for (const auto& term : axis.terms_of(output)) {
      const std::int64_t place = next[static_cast<std::size_t>(term.source)]++;
      result.terms[static_cast<std::size_t>(place)] = {.source = output, .weight = term.weight};
    }
  }
  return result;
}

template <class T>
void resample(std::int64_t batch, std::int64_t channels, const ResampleAxis& rows, const ResampleAxis& columns,
              const T* x, T* y) {
  const auto run = TAPESTRY_DISPATCH(resample_row, T);
  const std::int64_t in_size = columns.in * channels;
  const std::int64_t out_size = columns.out() * channels;
  const std::int64_t grain = 1 + (std::int64_t{1} << 14) / (in_size + out_size + 1);
  const std::int64_t total = batch * rows.out();
  std::vector<T> scratch(static_cast<std::size_t>(num_threads() * in_size));
  parallel_for((total + grain - 1) / grain, [&](std::int64_t piece, int thread) {
    const std::int64_t end = std::min(total, (piece + 1) * grain);
    for (std::int64_t row = piece * grain; row < end; ++row) {
      run(rows.terms_of(row % rows.out()), columns, channels, x + row / rows.out() * rows.in * in_size,
          scratch.data() + thread * in_size, y + row * out_size);
    }
  });
}

template void resample(std::int64_t, std::int64_t, const ResampleAxis&, const ResampleAxis&, const float*, float*);
template void resample(std::int64_t, std::int64_t, const ResampleAxis&, const ResampleAxis&, const double*, double*);

}  // namespace tapestry::kernels
#endif
