#include <algorithm>
#include <array>
#include <cstddef>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/channel_norm.cpp>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/kernels/channel_norm.hpp>
#include <tapestry/kernels/channels-inl.hpp>
#include <tapestry/kernels/doubles-inl.hpp>
#include <tapestry/kernels/parallel.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

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
                   const double* HWY_RESTRICT mean, const double* HWY_RESTRICT scale, const double* HWY_RESTRICT slope,
                   const double* HWY_RESTRICT offset, T* HWY_RESTRICT dx) {
  for (std::int64_t row = 0; row < rows; ++row, dy += channels, x += channels, dx += channels) {
    for_channels<double>(channels, [&](auto d, std::int64_t c) HWY_ATTR {
      const auto centred = hn::Sub(load(d, x + c), hn::LoadU(d, mean + c));
      const auto scaled = hn::MulSub(load(d, dy + c), hn::LoadU(d, scale + c), hn::LoadU(d, offset + c));
      store(d, hn::NegMulAdd(centred, hn::LoadU(d, slope + c), scaled), dx + c);
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
void gradient_rows_f32(I rows, I channels, const float* dy, const float* x, Doubles mean, Doubles scale, Doubles slope,
                       Doubles offset, float* dx) {
  gradient_rows(rows, channels, dy, x, mean, scale, slope, offset, dx);
}
void gradient_rows_f64(I rows, I channels, const double* dy, const double* x, Doubles mean, Doubles scale,
                       Doubles slope, Doubles offset, double* dx) {
  gradient_rows(rows, channels, dy, x, mean, scale, slope, offset, dx);
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

using Geometry = ChannelNormGeometry;

template <class T>
std::int64_t rows_in_bytes(const Geometry& g, std::int64_t bytes) {
  return std::max<std::int64_t>(1,
                                bytes / (std::max<std::int64_t>(1, g.channels) * static_cast<std::int64_t>(sizeof(T))));
}

/// Rows summed by one piece: few pieces, so that their sums are little beside the rows.
template <class T>
std::int64_t summed_rows(const Geometry& g) {
  constexpr std::int64_t most_pieces = 64;
  return std::max((g.rows + most_pieces - 1) / most_pieces, rows_in_bytes<T>(g, std::int64_t{1} << 18));
}

/// Pieces of one sample.
template <class T>
std::int64_t summed_pieces(const Geometry& g) {
  return (g.rows + summed_rows<T>(g) - 1) / summed_rows<T>(g);
}

// A vector would be little used by a pixel of few channels: 16 rows are computed as one of 16 times the channels.
constexpr std::int64_t narrow = 16;
constexpr std::int64_t rows_as_one = 16;

/// Calls `body(rows, channels, element, parameters)` so that the calls cover `rows` rows from `element` on; where rows
/// are computed as one the parameters, numbers per channel, are repeated.
template <std::size_t count, class Body>
void for_wide_rows(std::int64_t rows, std::int64_t channels, const std::array<const double*, count>& parameters,
                   const Body& body) {
  std::int64_t done = 0;
  if (channels < narrow && rows >= rows_as_one) {
    std::array<std::array<double, narrow * rows_as_one>, count> repeated;
    std::array<const double*, count> pointers;
    for (std::size_t i = 0; i < count; ++i) {
      pointers[i] = repeated[i].data();
      for (std::int64_t row = 0; row < rows_as_one; ++row)
        std::copy_n(parameters[i], channels, repeated[i].data() + row * channels);
    }
    body(rows / rows_as_one, channels * rows_as_one, std::int64_t{0}, pointers);
    done = rows / rows_as_one * rows_as_one;
  }
  if (done < rows) body(rows - done, channels, done * channels, parameters);
}

/// Calls `body(rows, first element, first channel number)` for ranges of rows of one sample each, on all threads.
template <class T, class Body>
void for_row_ranges(const Geometry& g, const Body& body) {
  parallel_ranges(g.samples * g.rows, rows_in_bytes<T>(g, std::int64_t{1} << 16), [&](auto begin, auto end) {
    for (std::int64_t row = begin; row < end;) {
      const std::int64_t sample = row / g.rows;
      const std::int64_t rows = std::min(end, (sample + 1) * g.rows) - row;
      body(rows, row * g.channels, sample * g.channels);
      row += rows;
    }
  });
}

/// Adds the sums of rows of one sample to `sums`.
template <class T, class Add>
void add_to(double* sums, const Add& add, std::int64_t rows, std::int64_t channels, const T* dy, const T* x,
            const double* centre) {
  for_wide_rows<1>(rows, channels, {centre},
                   [&](std::int64_t some, std::int64_t width, std::int64_t at, auto& centres) {
                     const T* const gradient = dy == nullptr ? nullptr : dy + at;
                     if (width == channels) return add(some, width, gradient, x + at, centres[0], sums);
                     std::array<double, 2 * narrow * rows_as_one> wide{};
                     add(some, width, gradient, x + at, centres[0], wide.data());
                     for (std::int64_t i = 0; i < 2 * width; ++i)
                       sums[i / width * channels + i % channels] += wide[static_cast<std::size_t>(i)];
                   });
}

}  // namespace

template <class T>
std::int64_t channel_norm_scratch(const Geometry& g) {
  return g.samples * summed_pieces<T>(g) * 2 * g.channels;
}

template <class T>
void channel_norm_sums(const Geometry& g, const T* dy, const T* x, const double* centre, double* sums,
                       double* scratch) {
  const std::int64_t size = 2 * g.channels;
  const std::int64_t pieces = summed_pieces<T>(g);
  // The rows pass once per vector of channels: tiles of them stay in the first-level cache meanwhile.
  const std::int64_t tile = (rows_in_bytes<T>(g, std::int64_t{1} << 14) + 63) / 64 * 64;
  const auto add = [&] {
    if constexpr (is_f32<T>)
      return HWY_DYNAMIC_DISPATCH(add_rows_f32);
    else
      return HWY_DYNAMIC_DISPATCH(add_rows_f64);
  }();
  const std::int64_t pieces_at_once = pieces > 1 ? 1 : 1 + rows_in_bytes<T>(g, std::int64_t{1} << 16) / (g.rows + 1);
  parallel_ranges(g.samples * pieces, pieces_at_once, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t piece = first; piece < last; ++piece) {
      double* partial = scratch + piece * size;
      std::fill_n(partial, size, 0.0);
      const std::int64_t sample = piece / pieces;
      const std::int64_t begin = piece % pieces * summed_rows<T>(g);
      const std::int64_t end = std::min(g.rows, begin + summed_rows<T>(g));
      for (std::int64_t row = begin; row < end; row += tile) {
        const std::int64_t at = (sample * g.rows + row) * g.channels;
        add_to(partial, add, std::min(tile, end - row), g.channels, dy == nullptr ? nullptr : dy + at, x + at,
               centre + sample * g.channels);
      }
    }
  });
  std::fill_n(sums, g.samples * size, 0.0);
  for (std::int64_t piece = 0; piece < g.samples * pieces; ++piece) {
    for (std::int64_t i = 0; i < size; ++i) sums[piece / pieces * size + i] += scratch[piece * size + i];
  }
}

template <class T>
void channel_norm_apply(const Geometry& g, const T* x, const double* mean, const double* scale, const double* bias,
                        T* y) {
  const auto apply = [&] {
    if constexpr (is_f32<T>)
      return HWY_DYNAMIC_DISPATCH(apply_rows_f32);
    else
      return HWY_DYNAMIC_DISPATCH(apply_rows_f64);
  }();
  for_row_ranges<T>(g, [&](std::int64_t rows, std::int64_t first, std::int64_t c) {
    for_wide_rows<3>(rows, g.channels, {mean + c, scale + c, bias + c},
                     [&](std::int64_t some, std::int64_t width, std::int64_t at, auto& p) {
                       apply(some, width, x + first + at, p[0], p[1], p[2], y + first + at);
                     });
  });
}

template <class T>
void channel_norm_input_gradient(const Geometry& g, const T* dy, const T* x, const double* mean, const double* scale,
                                 const double* slope, const double* offset, T* dx) {
  const auto differentiate = [&] {
    if constexpr (is_f32<T>)
      return HWY_DYNAMIC_DISPATCH(gradient_rows_f32);
    else
      return HWY_DYNAMIC_DISPATCH(gradient_rows_f64);
  }();
  for_row_ranges<T>(g, [&](std::int64_t rows, std::int64_t first, std::int64_t c) {
    for_wide_rows<4>(rows, g.channels, {mean + c, scale + c, slope + c, offset + c},
                     [&](std::int64_t some, std::int64_t width, std::int64_t at, auto& p) {
                       differentiate(some, width, dy + first + at, x + first + at, p[0], p[1], p[2], p[3],
                                     dx + first + at);
                     });
  });
}

#define TAPESTRY_INSTANTIATE(T)                                                                                 \
  template std::int64_t channel_norm_scratch<T>(const Geometry&);                                               \
  template void channel_norm_sums(const Geometry&, const T*, const T*, const double*, double*, double*);        \
  template void channel_norm_apply(const Geometry&, const T*, const double*, const double*, const double*, T*); \
  template void channel_norm_input_gradient(const Geometry&, const T*, const T*, const double*, const double*,  \
                                            const double*, const double*, T*)
TAPESTRY_INSTANTIATE(float);
TAPESTRY_INSTANTIATE(double);
#undef TAPESTRY_INSTANTIATE

}  // namespace tapestry::kernels
#endif
