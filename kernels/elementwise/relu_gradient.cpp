#include <algorithm>
#include <cstdint>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/elementwise/relu_gradient.cpp>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/kernels/elementwise/relu_gradient.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>
#include <tapestry/kernels/runtime/streaming-inl.hpp>
#include <tapestry/kernels/runtime/streaming.hpp>
#include <tapestry/kernels/simd/channels-inl.hpp>
#include <tapestry/kernels/simd/doubles-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

template <class T>
struct Rows {
  std::int64_t rows, channels;
  const T* dy;
  const T* y;
  bool streams;
  T* dx;
  double* sums;
};

/// The channels from `c` on, `vectors` vectors of them, whose sums stay in registers.
template <int vectors, class T, class D>
HWY_INLINE void relu_gradient_channels(D d, const Rows<T>& r, std::int64_t c) {
  const hn::Rebind<T, D> narrow;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  hn::Vec<D> sums[vectors];
  HWY_UNROLL(8)
  for (int v = 0; v < vectors; ++v) sums[v] = hn::LoadU(d, r.sums + c + v * lanes);
  for (std::int64_t row = 0, at = c; row < r.rows; ++row, at += r.channels) {
    HWY_UNROLL(8)
    for (int v = 0; v < vectors; ++v) {
      const auto cut = hn::Le(hn::LoadU(narrow, r.y + at + v * lanes), hn::Zero(narrow));
      const auto let_through = hn::IfThenZeroElse(cut, hn::LoadU(narrow, r.dy + at + v * lanes));
      store_result(r.streams, let_through, narrow, r.dx + at + v * lanes);
      sums[v] = hn::Add(sums[v], widened(d, let_through));
    }
  }
  HWY_UNROLL(8)
  for (int v = 0; v < vectors; ++v) hn::StoreU(sums[v], d, r.sums + c + v * lanes);
}

template <class T>
void relu_gradient_rows(const Rows<T>& r) {
  for_channel_blocks<double, 8>(
      r.channels, [&](auto d, auto vectors, std::int64_t c) HWY_ATTR { relu_gradient_channels<vectors>(d, r, c); });
}

void relu_gradient_f32(std::int64_t rows, std::int64_t channels, const float* dy, const float* y, bool streams,
                       float* dx, double* sums) {
  relu_gradient_rows<float>({rows, channels, dy, y, streams, dx, sums});
}
void relu_gradient_f64(std::int64_t rows, std::int64_t channels, const double* dy, const double* y, bool streams,
                       double* dx, double* sums) {
  relu_gradient_rows<double>({rows, channels, dy, y, streams, dx, sums});
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapestry::kernels {
namespace {

HWY_EXPORT(relu_gradient_f32);
HWY_EXPORT(relu_gradient_f64);

/// Rows with partial sums of their own: enough to be worth a thread's while, and few sums to add up after them.
std::int64_t piece_rows(std::int64_t rows, std::int64_t channels) {
  constexpr std::int64_t grain = std::int64_t{1} << 14;
  constexpr std::int64_t max_pieces = 256;
  return std::max({std::int64_t{1}, grain / std::max<std::int64_t>(channels, 1), (rows + max_pieces - 1) / max_pieces});
}

std::int64_t pieces_of(std::int64_t rows, std::int64_t channels) {
  const std::int64_t size = piece_rows(rows, channels);
  return (rows + size - 1) / size;
}

}  // namespace

std::int64_t relu_gradient_scratch(std::int64_t rows, std::int64_t channels) {
  return pieces_of(rows, channels) * channels;
}

template <class T>
void relu_gradient(std::int64_t rows, std::int64_t channels, const T* dy, const T* y, T* dx, double* sums,
                   double* scratch) {
  const std::int64_t size = piece_rows(rows, channels);
  const std::int64_t pieces = pieces_of(rows, channels);
  const bool streams = dx != dy && should_stream(dx, rows, channels);
  parallel_for(pieces, [&](std::int64_t piece, int) {
    const std::int64_t first = piece * size;
    const std::int64_t at = first * channels;
    double* const partial = scratch + piece * channels;
    std::fill_n(partial, channels, 0.0);
    if constexpr (std::is_same_v<T, float>) {
      HWY_DYNAMIC_DISPATCH(relu_gradient_f32)
      (std::min(size, rows - first), channels, dy + at, y + at, streams, dx + at, partial);
    } else {
      HWY_DYNAMIC_DISPATCH(relu_gradient_f64)
      (std::min(size, rows - first), channels, dy + at, y + at, streams, dx + at, partial);
    }
  });
  std::fill_n(sums, channels, 0.0);
  for (std::int64_t i = 0; i < pieces * channels; ++i) sums[i % channels] += scratch[i];
}

template void relu_gradient(std::int64_t, std::int64_t, const float*, const float*, float*, double*, double*);
template void relu_gradient(std::int64_t, std::int64_t, const double*, const double*, double*, double*, double*);

}  // namespace tapestry::kernels
#endif
