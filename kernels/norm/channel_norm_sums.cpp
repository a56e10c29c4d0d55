// The sums per channel.
#include <algorithm>
#include <array>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/norm/channel_norm_sums.cpp>

#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/kernels/elementwise/channel_rows.hpp>
#include <tapestry/kernels/elementwise/epilogue-inl.hpp>
#include <tapestry/kernels/norm/channel_norm.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>
#include <tapestry/kernels/simd/channels-inl.hpp>
#include <tapestry/kernels/simd/dispatch.hpp>
#include <tapestry/kernels/simd/doubles-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

/// The number of vectors that are summed together; there are registers for two sums of each.
constexpr int max_vectors = HWY_MAX_BYTES >= 64 ? 8 : 4;

/// Prefetches the elements after the rows, because no hardware prefetcher predicts the order of blocks of channels; may
/// point past the end.
template <class Rows, class T>
HWY_INLINE void prefetch_next(const Rows& r, const T* from, std::int64_t at) {
  hwy::Prefetch(from + at + r.rows * r.channels);
}

/// The terms x − center and its square.
template <class T>
struct ValueRows {
  std::int64_t rows, channels;
  const T* x;
  const double* center;

  /// Adds the terms of the elements from `at` on, whose channels begin at `c`.
  template <class D, class V>
  HWY_INLINE void add(D d, std::int64_t at, std::int64_t c, V& sum, V& product) const {
    prefetch_next(*this, x, at);
    const V distance = hn::Sub(load(d, x + at), hn::LoadU(d, center + c));
    sum = hn::Add(sum, distance);
    product = hn::MulAdd(distance, distance, product);
  }
};

/// The terms g, the gradient dy masked by the rectifier, and g · (x − mean).
template <ActivationKind rectifier, class T>
struct GradientRows {
  std::int64_t rows, channels;
  const T* x;
  const T* dy;
  ChannelAffine<T> affine;

  template <class D, class V>
  HWY_INLINE void add(D d, std::int64_t at, std::int64_t c, V& sum, V& product) const {
    prefetch_next(*this, x, at);
    prefetch_next(*this, dy, at);
    const hn::Rebind<T, D> narrow;
    const auto distance = centered(narrow, hn::LoadU(narrow, x + at), affine, c);
    auto g = hn::LoadU(narrow, dy + at);
    if constexpr (rectifier != ActivationKind::none) {
      const auto y = hn::MulAdd(distance, hn::LoadU(narrow, affine.scale + c), hn::LoadU(narrow, affine.bias + c));
      g = gradient_at_output<rectifier>(narrow, g, y);
    }
    const V factor = widened(d, g);
    sum = hn::Add(sum, factor);
    product = hn::MulAdd(factor, widened(d, distance), product);
  }
};

/// Adds the terms of `vectors` vectors of channels from `c` on. Several sums of each kind hide the latency of the
/// additions, and adjacent vectors are read together, in memory order.
template <int vectors, class Rows, class D>
HWY_INLINE void add_channels(D d, const Rows& r, std::int64_t c, double* sums) {
  constexpr int all = max_vectors;
  constexpr int rows_at_once = all / vectors;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  hn::Vec<D> sum[all], product[all];
  for (int i = 0; i < all; ++i) sum[i] = product[i] = hn::Zero(d);
  std::int64_t at = c;
  std::int64_t row = 0;
  for (; row + rows_at_once <= r.rows; row += rows_at_once, at += rows_at_once * r.channels) {
    for (int i = 0; i < all; ++i) {
      const std::int64_t vector = i % vectors * lanes;
      r.add(d, at + i / vectors * r.channels + vector, c + vector, sum[i], product[i]);
    }
  }
  for (; row < r.rows; ++row, at += r.channels) {
    for (int i = 0; i < vectors; ++i) r.add(d, at + i * lanes, c + i * lanes, sum[i], product[i]);
  }
  for (int i = vectors; i < all; ++i) {
    sum[i % vectors] = hn::Add(sum[i % vectors], sum[i]);
    product[i % vectors] = hn::Add(product[i % vectors], product[i]);
  }
  for (int i = 0; i < vectors; ++i) {
    double* const at_sum = sums + c + i * lanes;
    hn::StoreU(hn::Add(hn::LoadU(d, at_sum), sum[i]), d, at_sum);
    hn::StoreU(hn::Add(hn::LoadU(d, at_sum + r.channels), product[i]), d, at_sum + r.channels);
  }
}

template <class Rows>
HWY_INLINE void add_rows(const Rows& r, double* sums) {
  for_channel_blocks<double, max_vectors>(
      r.channels, [&](auto d, auto vectors, std::int64_t c) HWY_ATTR { add_channels<vectors>(d, r, c, sums); });
}

template <class T>
void add_values(std::int64_t rows, std::int64_t channels, const T* x, const double* center, double* sums) {
  add_rows(ValueRows<T>{rows, channels, x, center}, sums);
}

template <class T>
void add_gradients(std::int64_t rows, std::int64_t channels, const T* x, const T* dy, const ChannelAffine<T>& affine,
                   ActivationKind rectifier, double* sums) {
  with_rectifier(rectifier, [&](auto kind) HWY_ATTR {
    add_rows(GradientRows<kind(), T>{rows, channels, x, dy, affine}, sums);
  });
}

TAPESTRY_KERNEL(add_values);
TAPESTRY_KERNEL(add_gradients);

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapestry::kernels {
namespace {
TAPESTRY_EXPORT(add_values);
TAPESTRY_EXPORT(add_gradients);

/// The number of rows per piece. There are few pieces, so that combining their sums is cheap.
template <class T>
std::int64_t summed_rows(const ChannelGeometry& g) {
  constexpr std::int64_t max_pieces = 64;
  return std::max((g.rows + max_pieces - 1) / max_pieces, rows_in_bytes<T>(g.channels, std::int64_t{1} << 18));
}

/// The number of pieces of one sample.
template <class T>
std::int64_t summed_pieces(const ChannelGeometry& g) {
  return (g.rows + summed_rows<T>(g) - 1) / summed_rows<T>(g);
}

/// Adds the sums of rows of one sample to `sums`: calls `add(rows, channels, element, numbers, sums)`, possibly with
/// combined rows (`for_wide_rows`).
template <class Number, std::size_t lists, class Add>
void add_wide_rows(std::int64_t rows, std::int64_t channels, const std::array<const Number*, lists>& numbers,
                   double* sums, const Add& add) {
  for_wide_rows(rows, channels, numbers, [&](std::int64_t count, std::int64_t width, std::int64_t at, auto& p) {
    if (width == channels) return add(count, width, at, p, sums);
    std::array<double, 2 * narrow_channels * rows_as_one> wide{};
    add(count, width, at, p, wide.data());
    for (std::int64_t i = 0; i < 2 * width; ++i) {
      sums[i / width * channels + i % channels] += wide[static_cast<std::size_t>(i)];
    }
  });
}

/// The sums over all rows; `add(rows, element, parameter, sums)` adds those of some rows of one sample.
template <class T, class Add>
void add_up(const ChannelGeometry& g, double* sums, double* scratch, const Add& add) {
  const std::int64_t size = 2 * g.channels;
  const std::int64_t pieces = summed_pieces<T>(g);
  // Rows are read once per block of channels, so they are divided into tiles that stay in the L1 cache.
  const std::int64_t tile = (rows_in_bytes<T>(g.channels, std::int64_t{1} << 14) + 63) / 64 * 64;
  const std::int64_t pieces_at_once =
      pieces > 1 ? 1 : 1 + rows_in_bytes<T>(g.channels, std::int64_t{1} << 16) / (g.rows + 1);
  parallel_ranges(g.samples * pieces, pieces_at_once, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t piece = first; piece < last; ++piece) {
      double* partial = scratch + piece * size;
      std::fill_n(partial, size, 0.0);
      const std::int64_t sample = piece / pieces;
      const std::int64_t begin = piece % pieces * summed_rows<T>(g);
      const std::int64_t end = std::min(g.rows, begin + summed_rows<T>(g));
      for (std::int64_t row = begin; row < end; row += tile) {
        add(std::min(tile, end - row), (sample * g.rows + row) * g.channels, sample * g.channels, partial);
      }
    }
  });
  std::fill_n(sums, g.samples * size, 0.0);
  for (std::int64_t piece = 0; piece < g.samples * pieces; ++piece) {
    for (std::int64_t i = 0; i < size; ++i) sums[piece / pieces * size + i] += scratch[piece * size + i];
  }
}

}  // namespace

template <class T>
std::int64_t channel_norm_scratch(const ChannelGeometry& g) {
  return g.samples * summed_pieces<T>(g) * 2 * g.channels;
}

template <class T>
void channel_norm_sums(const ChannelGeometry& g, const T* x, const double* center, double* sums, double* scratch) {
  const auto add = TAPESTRY_DISPATCH(add_values, T);
  add_up<T>(g, sums, scratch, [&](std::int64_t rows, std::int64_t first, std::int64_t c, double* partial) {
    add_wide_rows(rows, g.channels, std::array{center + c}, partial,
                  [&](std::int64_t count, std::int64_t width, std::int64_t at, auto& p, double* into) {
                    add(count, width, x + first + at, p[0], into);
                  });
  });
}

namespace {

/// Adds the sums of the gradients g of some rows.
template <class T>
void add_gradient_rows(std::int64_t rows, std::int64_t channels, const T* x, const T* g, const ChannelAffine<T>& affine,
                       ActivationKind rectifier, double* sums) {
  const auto add = TAPESTRY_DISPATCH(add_gradients, T);
  add_wide_rows(rows, channels, numbers_of(affine), sums,
                [&](std::int64_t count, std::int64_t width, std::int64_t at, auto& p, double* into) {
                  add(count, width, x + at, g + at, affine_of(p), rectifier, into);
                });
}

}  // namespace

template <class T>
void channel_norm_gradient_sums(const ChannelGeometry& g, const T* dy, const T* x, const ChannelAffine<T>& affine,
                                ActivationKind rectifier, double* sums, double* scratch) {
  add_up<T>(g, sums, scratch, [&](std::int64_t rows, std::int64_t first, std::int64_t c, double* partial) {
    add_gradient_rows(rows, g.channels, x + first, dy + first, affine.from(c), rectifier, partial);
  });
}

template <class T>
void channel_norm_activation_sums(const ChannelGeometry& geometry, const T* dy, const ActivationSource<T>& source,
                                  const T* x, const ChannelAffine<T>& affine, T* g, double* sums, double* scratch) {
  const std::int64_t channels = geometry.channels;
  add_up<T>(geometry, sums, scratch, [&](std::int64_t rows, std::int64_t first, std::int64_t c, double* partial) {
    activation_gradient_rows(rows, channels, dy + first, source.from(first, c), g + first);
    add_gradient_rows(rows, channels, x + first, g + first, affine.from(c), ActivationKind::none, partial);
  });
}

#define TAPESTRY_INSTANTIATE(T)                                                                                      \
  template std::int64_t channel_norm_scratch<T>(const ChannelGeometry&);                                             \
  template void channel_norm_sums(const ChannelGeometry&, const T*, const double*, double*, double*);                \
  template void channel_norm_gradient_sums(const ChannelGeometry&, const T*, const T*, const ChannelAffine<T>&,      \
                                           ActivationKind, double*, double*);                                        \
  template void channel_norm_activation_sums(const ChannelGeometry&, const T*, const ActivationSource<T>&, const T*, \
                                             const ChannelAffine<T>&, T*, double*, double*)
TAPESTRY_INSTANTIATE(float);
TAPESTRY_INSTANTIATE(double);
#undef TAPESTRY_INSTANTIATE

}  // namespace tapestry::kernels
#endif
