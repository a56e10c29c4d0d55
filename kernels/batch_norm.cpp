#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/batch_norm.cpp>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/kernels/batch_norm.hpp>
#include <tapestry/kernels/channels-inl.hpp>
#include <tapestry/kernels/parallel.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

// Vectors are of doubles throughout.
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

template <bool has_gradient, class T, class D, class V>
HWY_INLINE void add_row(D d, const T* dy, const T* x, V centre, V& sum, V& product) {
  const V centred = hn::Sub(load(d, x), centre);
  V factor = centred;
  if constexpr (has_gradient) factor = load(d, dy);
  sum = hn::Add(sum, factor);
  product = hn::MulAdd(factor, centred, product);
}

/// Adds the terms of `rows` rows to `sums`. Four sums of each kind hide the latency of the additions.
template <bool has_gradient, class T>
HWY_INLINE void add_rows_of(std::int64_t rows, std::int64_t channels, const T* HWY_RESTRICT dy, const T* HWY_RESTRICT x,
                            const double* HWY_RESTRICT centre, double* HWY_RESTRICT sums) {
  for_channels<double>(channels, [&](auto d, std::int64_t c) HWY_ATTR {
    const auto centre_c = hn::LoadU(d, centre + c);
    auto sum0 = hn::LoadU(d, sums + c), sum1 = hn::Zero(d), sum2 = hn::Zero(d), sum3 = hn::Zero(d);
    auto product0 = hn::LoadU(d, sums + channels + c), product1 = hn::Zero(d), product2 = hn::Zero(d),
         product3 = hn::Zero(d);
    std::int64_t at = c;
    std::int64_t row = 0;
    for (; row + 4 <= rows; row += 4, at += 4 * channels) {
      add_row<has_gradient>(d, dy + at, x + at, centre_c, sum0, product0);
      add_row<has_gradient>(d, dy + at + channels, x + at + channels, centre_c, sum1, product1);
      add_row<has_gradient>(d, dy + at + 2 * channels, x + at + 2 * channels, centre_c, sum2, product2);
      add_row<has_gradient>(d, dy + at + 3 * channels, x + at + 3 * channels, centre_c, sum3, product3);
    }
    for (; row < rows; ++row, at += channels) add_row<has_gradient>(d, dy + at, x + at, centre_c, sum0, product0);
    hn::StoreU(hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3)), d, sums + c);
    hn::StoreU(hn::Add(hn::Add(product0, product1), hn::Add(product2, product3)), d, sums + channels + c);
  });
}

template <class T>
void add_rows(std::int64_t rows, std::int64_t channels, const T* dy, const T* x, const double* centre, double* sums) {
  if (dy != nullptr) {
    add_rows_of<true>(rows, channels, dy, x, centre, sums);
  } else {
    add_rows_of<false>(rows, channels, x, x, centre, sums);
  }
}

template <class T>
void apply_rows(std::int64_t rows, std::int64_t channels, const T* HWY_RESTRICT x, const double* HWY_RESTRICT mean,
                const double* HWY_RESTRICT scale, const double* HWY_RESTRICT bias, T* HWY_RESTRICT y) {
  for (std::int64_t row = 0; row < rows; ++row, x += channels, y += channels) {
    for_channels<double>(channels, [&](auto d, std::int64_t c) HWY_ATTR {
      const auto centred = hn::Sub(load(d, x + c), hn::LoadU(d, mean + c));
      store(d, hn::MulAdd(centred, hn::LoadU(d, scale + c), hn::LoadU(d, bias + c)), y + c);
    });
  }
}

template <class T>
void gradient_rows(std::int64_t rows, std::int64_t channels, const T* HWY_RESTRICT dy, const T* HWY_RESTRICT x,
                   const double* HWY_RESTRICT mean, const double* HWY_RESTRICT scale, const double* HWY_RESTRICT offset,
                   const double* HWY_RESTRICT slope, T* HWY_RESTRICT dx) {
  for (std::int64_t row = 0; row < rows; ++row, dy += channels, x += channels, dx += channels) {
    for_channels<double>(channels, [&](auto d, std::int64_t c) HWY_ATTR {
      const auto centred = hn::Sub(load(d, x + c), hn::LoadU(d, mean + c));
      const auto shifted = hn::Sub(load(d, dy + c), hn::LoadU(d, offset + c));
      const auto gradient = hn::NegMulAdd(centred, hn::LoadU(d, slope + c), shifted);
      store(d, hn::Mul(gradient, hn::LoadU(d, scale + c)), dx + c);
    });
  }
}

using I = std::int64_t;
using Doubles = const double*;
void add_rows_f32(I rows, I channels, const float* dy, const float* x, Doubles centre, double* sums) {
  add_rows(rows, channels, dy, x, centre, sums);
}
void add_rows_f64(I rows, I channels, const double* dy, const double* x, Doubles centre, double* sums) {
  add_rows(rows, channels, dy, x, centre, sums);
}
void apply_rows_f32(I rows, I channels, const float* x, Doubles mean, Doubles scale, Doubles bias, float* y) {
  apply_rows(rows, channels, x, mean, scale, bias, y);
}
void apply_rows_f64(I rows, I channels, const double* x, Doubles mean, Doubles scale, Doubles bias, double* y) {
  apply_rows(rows, channels, x, mean, scale, bias, y);
}
void gradient_rows_f32(I rows, I channels, const float* dy, const float* x, Doubles mean, Doubles scale, Doubles offset,
                       Doubles slope, float* dx) {
  gradient_rows(rows, channels, dy, x, mean, scale, offset, slope, dx);
}
void gradient_rows_f64(I rows, I channels, const double* dy, const double* x, Doubles mean, Doubles scale,
                       Doubles offset, Doubles slope, double* dx) {
  gradient_rows(rows, channels, dy, x, mean, scale, offset, slope, dx);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapestry::kernels {
namespace {
HWY_EXPORT(add_rows_f32);
HWY_EXPORT(add_rows_f64);
HWY_EXPORT(apply_rows_f32);
HWY_EXPORT(apply_rows_f64);
HWY_EXPORT(gradient_rows_f32);
HWY_EXPORT(gradient_rows_f64);

template <class T>
constexpr bool is_f32 = sizeof(T) == 4;

template <class T>
std::int64_t rows_in_bytes(const BatchNormGeometry& g, std::int64_t bytes) {
  return std::max<std::int64_t>(1,
                                bytes / (std::max<std::int64_t>(1, g.channels) * static_cast<std::int64_t>(sizeof(T))));
}

/// Rows summed by one piece: few pieces, so that their sums are little beside the rows.
template <class T>
std::int64_t summed_rows(const BatchNormGeometry& g) {
  constexpr std::int64_t most_pieces = 64;
  return std::max((g.rows + most_pieces - 1) / most_pieces, rows_in_bytes<T>(g, std::int64_t{1} << 18));
}

template <class T>
std::int64_t summed_pieces(const BatchNormGeometry& g) {
  return (g.rows + summed_rows<T>(g) - 1) / summed_rows<T>(g);
}

}  // namespace

template <class T>
std::int64_t batch_norm_scratch(const BatchNormGeometry& g) {
  return summed_pieces<T>(g) * 2 * g.channels;
}

template <class T>
void batch_norm_sums(const BatchNormGeometry& g, const T* dy, const T* x, const double* centre, double* sums,
                     double* scratch) {
  const std::int64_t size = 2 * g.channels;
  // The rows pass once per vector of channels: tiles of them stay in the first-level cache meanwhile.
  const std::int64_t tile = (rows_in_bytes<T>(g, std::int64_t{1} << 14) + 3) / 4 * 4;
  const auto add = [&] {
    if constexpr (is_f32<T>)
      return HWY_DYNAMIC_DISPATCH(add_rows_f32);
    else
      return HWY_DYNAMIC_DISPATCH(add_rows_f64);
  }();
  parallel_for(summed_pieces<T>(g), [&](std::int64_t piece, int) {
    double* partial = scratch + piece * size;
    std::fill_n(partial, size, 0.0);
    const std::int64_t end = std::min(g.rows, (piece + 1) * summed_rows<T>(g));
    for (std::int64_t row = piece * summed_rows<T>(g); row < end; row += tile) {
      const std::int64_t at = row * g.channels;
      add(std::min(tile, end - row), g.channels, dy == nullptr ? nullptr : dy + at, x + at, centre, partial);
    }
  });
  std::fill_n(sums, size, 0.0);
  for (std::int64_t piece = 0; piece < summed_pieces<T>(g); ++piece) {
    for (std::int64_t i = 0; i < size; ++i) sums[i] += scratch[piece * size + i];
  }
}

template <class T>
void batch_norm_apply(const BatchNormGeometry& g, const T* x, const double* mean, const double* scale,
                      const double* bias, T* y) {
  const auto apply = [&] {
    if constexpr (is_f32<T>)
      return HWY_DYNAMIC_DISPATCH(apply_rows_f32);
    else
      return HWY_DYNAMIC_DISPATCH(apply_rows_f64);
  }();
  parallel_ranges(g.rows, rows_in_bytes<T>(g, std::int64_t{1} << 16), [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t at = begin * g.channels;
    apply(end - begin, g.channels, x + at, mean, scale, bias, y + at);
  });
}

template <class T>
void batch_norm_input_gradient(const BatchNormGeometry& g, const T* dy, const T* x, const double* mean,
                               const double* scale, const double* offset, const double* slope, T* dx) {
  const auto differentiate = [&] {
    if constexpr (is_f32<T>)
      return HWY_DYNAMIC_DISPATCH(gradient_rows_f32);
    else
      return HWY_DYNAMIC_DISPATCH(gradient_rows_f64);
  }();
  parallel_ranges(g.rows, rows_in_bytes<T>(g, std::int64_t{1} << 16), [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t at = begin * g.channels;
    differentiate(end - begin, g.channels, dy + at, x + at, mean, scale, offset, slope, dx + at);
  });
}

#define TAPESTRY_INSTANTIATE(T)                                                                                        \
  template std::int64_t batch_norm_scratch<T>(const BatchNormGeometry&);                                               \
  template void batch_norm_sums(const BatchNormGeometry&, const T*, const T*, const double*, double*, double*);        \
  template void batch_norm_apply(const BatchNormGeometry&, const T*, const double*, const double*, const double*, T*); \
  template void batch_norm_input_gradient(const BatchNormGeometry&, const T*, const T*, const double*, const double*,  \
                                          const double*, const double*, T*)
TAPESTRY_INSTANTIATE(float);
TAPESTRY_INSTANTIATE(double);
#undef TAPESTRY_INSTANTIATE

}  // namespace tapestry::kernels
#endif
