#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/norm/layer_norm.cpp>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/kernels/norm/layer_norm.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>
#include <tapestry/kernels/simd/channels-inl.hpp>
#include <tapestry/kernels/simd/dispatch.hpp>
#include <tapestry/kernels/simd/doubles-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

struct RowSums {
  double first, product;
};

/// Σ f and Σ f · (x − center), where f is dy · weight or, without a gradient, x − center. Several sums of each kind
/// hide the latency of the additions.
template <bool has_gradient, class T>
HWY_INLINE RowSums sums_of(std::int64_t size, const T* HWY_RESTRICT dy, const double* HWY_RESTRICT weight,
                           const T* HWY_RESTRICT x, double center) {
  const hn::ScalableTag<double> d;
  using V = hn::Vec<decltype(d)>;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const V centers = hn::Set(d, center);
  V first0 = hn::Zero(d), first1 = hn::Zero(d), first2 = hn::Zero(d), first3 = hn::Zero(d);
  V product0 = hn::Zero(d), product1 = hn::Zero(d), product2 = hn::Zero(d), product3 = hn::Zero(d);
  const auto add = [&](std::int64_t i, V& first, V& product) HWY_ATTR {
    const V centered = hn::Sub(load(d, x + i), centers);
    V factor = centered;
    if constexpr (has_gradient) factor = hn::Mul(load(d, dy + i), hn::LoadU(d, weight + i));
    first = hn::Add(first, factor);
    product = hn::MulAdd(factor, centered, product);
  };
  std::int64_t i = 0;
  for (; i + 4 * lanes <= size; i += 4 * lanes) {
    add(i, first0, product0);
    add(i + lanes, first1, product1);
    add(i + 2 * lanes, first2, product2);
    add(i + 3 * lanes, first3, product3);
  }
  for (; i + lanes <= size; i += lanes) add(i, first0, product0);
  const V firsts = hn::Add(hn::Add(first0, first1), hn::Add(first2, first3));
  const V products = hn::Add(hn::Add(product0, product1), hn::Add(product2, product3));
  RowSums sums = {hn::GetLane(hn::SumOfLanes(d, firsts)), hn::GetLane(hn::SumOfLanes(d, products))};
  for (; i < size; ++i) {
    const double centered = static_cast<double>(x[i]) - center;
    double factor = centered;
    if constexpr (has_gradient) factor = static_cast<double>(dy[i]) * weight[i];
    sums.first += factor;
    sums.product += factor * centered;
  }
  return sums;
}

template <class T>
void normalize(const LayerNormGeometry& g, std::int64_t rows, double eps, const T* x, const double* weight,
               const double* bias, double* mean, double* inverse, T* y) {
  const auto size = static_cast<double>(g.size);
  for (std::int64_t row = 0; row < rows; ++row, x += g.size, y += g.size) {
    const double shift = g.is_centered ? static_cast<double>(x[0]) : 0;
    const RowSums sums = sums_of<false>(g.size, x, weight, x, shift);
    const double offset = g.is_centered ? sums.first / size : 0;
    const double variance = sums.product / size - offset * offset;
    mean[row] = shift + offset;
    inverse[row] = 1 / std::sqrt((variance < 0 ? 0 : variance) + eps);
    for_channels<double>(g.size, [&](auto d, std::int64_t i) HWY_ATTR {
      const auto centered = hn::Sub(load(d, x + i), hn::Set(d, mean[row]));
      const auto scale = hn::Mul(hn::Set(d, inverse[row]), hn::LoadU(d, weight + i));
      store(d, hn::MulAdd(centered, scale, hn::LoadU(d, bias + i)), y + i);
    });
  }
}

/// With g = dy · weight: dx = inverse · (g − Σg/n − (x − mean) · inverse² · Σ(g·(x − mean))/n); Σg/n only if centered.
template <class T>
void differentiate(const LayerNormGeometry& g, std::int64_t rows, const T* dy, const T* x, const double* weight,
                   const double* mean, const double* inverse, T* dx) {
  const auto size = static_cast<double>(g.size);
  for (std::int64_t row = 0; row < rows; ++row, x += g.size, dy += g.size, dx += g.size) {
    const RowSums sums = sums_of<true>(g.size, dy, weight, x, mean[row]);
    const double offset = g.is_centered ? sums.first / size : 0;
    const double slope = sums.product / size * inverse[row] * inverse[row];
    for_channels<double>(g.size, [&](auto d, std::int64_t i) HWY_ATTR {
      const auto centered = hn::Sub(load(d, x + i), hn::Set(d, mean[row]));
      const auto shifted = hn::MulSub(load(d, dy + i), hn::LoadU(d, weight + i), hn::Set(d, offset));
      const auto gradient = hn::NegMulAdd(centered, hn::Set(d, slope), shifted);
      store(d, hn::Mul(gradient, hn::Set(d, inverse[row])), dx + i);
    });
  }
}

template <class T>
void add_rows(const LayerNormGeometry& g, std::int64_t rows, const T* dy, const T* x, const double* mean,
              const double* inverse, double* sums) {
  for (std::int64_t row = 0; row < rows; ++row, x += g.size, dy += g.size) {
    for_channels<double>(g.size, [&](auto d, std::int64_t i) HWY_ATTR {
      const auto normalized = hn::Mul(hn::Sub(load(d, x + i), hn::Set(d, mean[row])), hn::Set(d, inverse[row]));
      const auto gradient = load(d, dy + i);
      hn::StoreU(hn::Add(hn::LoadU(d, sums + i), gradient), d, sums + i);
      double* const products = sums + g.size;
      hn::StoreU(hn::MulAdd(gradient, normalized, hn::LoadU(d, products + i)), d, products + i);
    });
  }
}

TAPESTRY_KERNEL(normalize);
TAPESTRY_KERNEL(differentiate);
TAPESTRY_KERNEL(add_rows);

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapestry::kernels {
namespace {
TAPESTRY_EXPORT(normalize);
TAPESTRY_EXPORT(differentiate);
TAPESTRY_EXPORT(add_rows);

template <class T>
std::int64_t rows_in_bytes(const LayerNormGeometry& g, std::int64_t bytes) {
  return 1 + bytes / (g.size * static_cast<std::int64_t>(sizeof(T)));
}

/// The number of rows per piece. There are few pieces, so that combining their sums is cheap.
template <class T>
std::int64_t summed_rows(const LayerNormGeometry& g) {
  constexpr std::int64_t max_pieces = 32;
  return std::max((g.rows + max_pieces - 1) / max_pieces, rows_in_bytes<T>(g, std::int64_t{1} << 17));
}

template <class T>
std::int64_t summed_pieces(const LayerNormGeometry& g) {
  return (g.rows + summed_rows<T>(g) - 1) / summed_rows<T>(g);
}

}  // namespace

template <class T>
void layer_norm(const LayerNormGeometry& g, double eps, const T* x, const double* weight, const double* bias,
                double* mean, double* inverse, T* y) {
  const auto run = TAPESTRY_DISPATCH(normalize, T);
  parallel_ranges(g.rows, rows_in_bytes<T>(g, std::int64_t{1} << 16), [&](std::int64_t begin, std::int64_t end) {
    run(g, end - begin, eps, x + begin * g.size, weight, bias, mean + begin, inverse + begin, y + begin * g.size);
  });
}

template <class T>
void layer_norm_input_gradient(const LayerNormGeometry& g, const T* dy, const T* x, const double* weight,
                               const double* mean, const double* inverse, T* dx) {
  const auto run = TAPESTRY_DISPATCH(differentiate, T);
  parallel_ranges(g.rows, rows_in_bytes<T>(g, std::int64_t{1} << 16), [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t at = begin * g.size;
    run(g, end - begin, dy + at, x + at, weight, mean + begin, inverse + begin, dx + at);
  });
}

template <class T>
std::int64_t layer_norm_scratch(const LayerNormGeometry& g) {
  return summed_pieces<T>(g) * 2 * g.size;
}

template <class T>
void layer_norm_weight_gradients(const LayerNormGeometry& g, const T* dy, const T* x, const double* mean,
                                 const double* inverse, double* sums, double* scratch) {
  const auto run = TAPESTRY_DISPATCH(add_rows, T);
  const std::int64_t width = 2 * g.size;
  parallel_for(summed_pieces<T>(g), [&](std::int64_t piece, int) {
    std::fill_n(scratch + piece * width, width, 0.0);
    const std::int64_t begin = piece * summed_rows<T>(g);
    const std::int64_t rows = std::min(g.rows - begin, summed_rows<T>(g));
    run(g, rows, dy + begin * g.size, x + begin * g.size, mean + begin, inverse + begin, scratch + piece * width);
  });
  std::fill_n(sums, width, 0.0);
  for (std::int64_t piece = 0; piece < summed_pieces<T>(g); ++piece) {
    for (std::int64_t i = 0; i < width; ++i) sums[i] += scratch[piece * width + i];
  }
}

#define TAPESTRY_INSTANTIATE(T)                                                                                        \
  template void layer_norm(const LayerNormGeometry&, double, const T*, const double*, const double*, double*, double*, \
                           T*);                                                                                        \
  template void layer_norm_input_gradient(const LayerNormGeometry&, const T*, const T*, const double*, const double*,  \
                                          const double*, T*);                                                          \
  template std::int64_t layer_norm_scratch<T>(const LayerNormGeometry&);                                               \
  template void layer_norm_weight_gradients(const LayerNormGeometry&, const T*, const T*, const double*,               \
                                            const double*, double*, double*)
TAPESTRY_INSTANTIATE(float);
TAPESTRY_INSTANTIATE(double);
#undef TAPESTRY_INSTANTIATE

}  // namespace tapestry::kernels
#endif
