// The sums per channel.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/channel_norm_sums.cpp>

#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/kernels/channel_norm.hpp>
#include <tapestry/kernels/channel_norm_rows.hpp>
#include <tapestry/kernels/channel_relu-inl.hpp>
#include <tapestry/kernels/channels-inl.hpp>
#include <tapestry/kernels/doubles-inl.hpp>
#include <tapestry/kernels/parallel.hpp>
#include <tapestry/kernels/streaming-inl.hpp>
#include <tapestry/kernels/streaming.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

/// Vectors that are summed at once: as many as there are registers for two sums of each.
constexpr int most_vectors = HWY_MAX_BYTES >= 64 ? 8 : 4;

using channel_norm::Relu;
using channel_norm::SummedArrays;

/// The first factor of the products that are summed.
enum class Factor { centred, gradient, gradient_behind_add_relu };

/// The rows that are summed and the sums that they are added to.
template <class T>
struct Rows {
  std::int64_t rows, channels;
  SummedArrays<T> arrays;
  ChannelAffine affine;
  double kink;
  double* sums;
};

/// Sums x − centre and its square; or with a gradient what the ReLU lets through, and its product with x − centre.
template <Factor kind, Relu relu, class T, class D, class V>
HWY_INLINE void add_vector(D d, const Rows<T>& r, std::int64_t at, std::int64_t c, V& sum, V& product) {
  // The rows after these, fetched early, for no processor foresees the order of blocks of channels; perhaps past the
  // end.
  const std::int64_t next = at + r.rows * r.channels;
  hwy::Prefetch(r.arrays.x + next);
  if constexpr (kind != Factor::centred) hwy::Prefetch(r.arrays.dy + next);
  if constexpr (kind == Factor::gradient_behind_add_relu) hwy::Prefetch(r.arrays.y + next);
  const V centred = hn::Sub(load(d, r.arrays.x + at), hn::LoadU(d, r.affine.mean + c));
  V factor = centred;
  if constexpr (kind == Factor::gradient) factor = load(d, r.arrays.dy + at);
  if constexpr (kind == Factor::gradient_behind_add_relu) {
    const hn::Rebind<T, D> narrow;
    const auto y = hn::LoadU(narrow, r.arrays.y + at);
    const auto g = let_through<Relu::unbounded>(narrow, hn::LoadU(narrow, r.arrays.dy + at), y, y);
    store_result(r.arrays.streams, g, narrow, r.arrays.g + at);
    factor = widened(d, g);
  }
  if constexpr (relu != Relu::none) {
    const V y = hn::MulAdd(centred, hn::LoadU(d, r.affine.scale + c), hn::LoadU(d, r.affine.bias + c));
    factor = let_through<relu>(d, factor, y, hn::Set(d, r.kink));
  }
  sum = hn::Add(sum, factor);
  product = hn::MulAdd(factor, centred, product);
}

/// Adds the terms of the channels from `c` on, `vectors` vectors of them. Several sums of each kind hide the latency of
/// the additions, and neighbouring vectors are read together: the order of the memory.
template <Factor kind, Relu relu, int vectors, class T, class D>
HWY_INLINE void add_channels(D d, const Rows<T>& r, std::int64_t c) {
  constexpr int all = most_vectors;
  constexpr int rows_at_once = all / vectors;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  hn::Vec<D> sum[all], product[all];
  for (int i = 0; i < all; ++i) sum[i] = product[i] = hn::Zero(d);
  std::int64_t at = c;
  std::int64_t row = 0;
  for (; row + rows_at_once <= r.rows; row += rows_at_once, at += rows_at_once * r.channels) {
    for (int i = 0; i < all; ++i) {
      const std::int64_t vector = i % vectors * lanes;
      add_vector<kind, relu>(d, r, at + i / vectors * r.channels + vector, c + vector, sum[i], product[i]);
    }
  }
  for (; row < r.rows; ++row, at += r.channels) {
    for (int i = 0; i < vectors; ++i) add_vector<kind, relu>(d, r, at + i * lanes, c + i * lanes, sum[i], product[i]);
  }
  for (int i = vectors; i < all; ++i) {
    sum[i % vectors] = hn::Add(sum[i % vectors], sum[i]);
    product[i % vectors] = hn::Add(product[i % vectors], product[i]);
  }
  for (int i = 0; i < vectors; ++i) {
    double* const sums = r.sums + c + i * lanes;
    hn::StoreU(hn::Add(hn::LoadU(d, sums), sum[i]), d, sums);
    hn::StoreU(hn::Add(hn::LoadU(d, sums + r.channels), product[i]), d, sums + r.channels);
  }
}

template <Factor kind, Relu relu, class T>
HWY_INLINE void add_all_channels(const Rows<T>& r) {
  for_channel_blocks<double, most_vectors>(
      r.channels, [&](auto d, auto vectors, std::int64_t c) HWY_ATTR { add_channels<kind, relu, vectors>(d, r, c); });
}

template <class T>
HWY_INLINE void add_rows(std::int64_t rows, std::int64_t channels, const SummedArrays<T>& arrays,
                         const ChannelAffine& affine, double* sums) {
  const Rows<T> r = {rows, channels, arrays, affine, channel_norm::upper_kink<T>(affine), sums};
  if (arrays.dy == nullptr) return add_all_channels<Factor::centred, Relu::none>(r);
  if (arrays.y != nullptr) return add_all_channels<Factor::gradient_behind_add_relu, Relu::none>(r);
  switch (channel_norm::relu_of(affine)) {
    case Relu::none:
      return add_all_channels<Factor::gradient, Relu::none>(r);
    case Relu::unbounded:
      return add_all_channels<Factor::gradient, Relu::unbounded>(r);
    case Relu::bounded:
      return add_all_channels<Factor::gradient, Relu::bounded>(r);
  }
}

using I = std::int64_t;
void add_rows_f32(I rows, I channels, const SummedArrays<float>& arrays, const ChannelAffine& affine, double* sums) {
  add_rows(rows, channels, arrays, affine, sums);
}
void add_rows_f64(I rows, I channels, const SummedArrays<double>& arrays, const ChannelAffine& affine, double* sums) {
  add_rows(rows, channels, arrays, affine, sums);
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

using namespace channel_norm;

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

/// Adds the sums of rows of one sample to `sums`.
template <class T, class Add>
void add_to(double* sums, const Add& add, std::int64_t rows, std::int64_t channels, const SummedArrays<T>& arrays,
            const ChannelAffine& affine) {
  for_wide_rows<3>(rows, channels, {affine.mean, affine.scale, affine.bias},
                   [&](std::int64_t some, std::int64_t width, std::int64_t at, auto& p) {
                     const ChannelAffine wide_affine = {p[0], p[1], p[2], affine.relu_bound};
                     if (width == channels) return add(some, width, arrays.from(at), wide_affine, sums);
                     std::array<double, 2 * narrow * rows_as_one> wide{};
                     add(some, width, arrays.from(at), wide_affine, wide.data());
                     for (std::int64_t i = 0; i < 2 * width; ++i)
                       sums[i / width * channels + i % channels] += wide[static_cast<std::size_t>(i)];
                   });
}

template <class T>
void add_up(const Geometry& g, const SummedArrays<T>& arrays, const ChannelAffine& affine, double* sums,
            double* scratch) {
  const std::int64_t size = 2 * g.channels;
  const std::int64_t pieces = summed_pieces<T>(g);
  // The rows pass once per block of channels: tiles of them stay in the first-level cache meanwhile.
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
      const std::int64_t c = sample * g.channels;
      const ChannelAffine of_sample = {affine.mean + c, from_channel(affine.scale, c), from_channel(affine.bias, c),
                                       affine.relu_bound};
      const std::int64_t begin = piece % pieces * summed_rows<T>(g);
      const std::int64_t end = std::min(g.rows, begin + summed_rows<T>(g));
      for (std::int64_t row = begin; row < end; row += tile) {
        const std::int64_t at = (sample * g.rows + row) * g.channels;
        add_to(partial, add, std::min(tile, end - row), g.channels, arrays.from(at), of_sample);
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
std::int64_t channel_norm_scratch(const Geometry& g) {
  return g.samples * summed_pieces<T>(g) * 2 * g.channels;
}

template <class T>
void channel_norm_sums(const Geometry& g, const T* x, const double* centre, double* sums, double* scratch) {
  add_up<T>(g, {.x = x}, {.mean = centre, .scale = nullptr, .bias = nullptr, .relu_bound = {}}, sums, scratch);
}

template <class T>
void channel_norm_gradient_sums(const Geometry& g, const T* dy, const T* x, const ChannelAffine& affine, double* sums,
                                double* scratch) {
  add_up<T>(g, {.x = x, .dy = dy}, affine, sums, scratch);
}

template <class T>
void channel_norm_add_relu_gradient(const Geometry& geometry, const T* dy, const T* y, const T* x, const double* mean,
                                    T* g, double* sums, double* scratch) {
  const bool streams = g != dy && should_stream(g, geometry.samples * geometry.rows, geometry.channels);
  add_up<T>(geometry, {.x = x, .dy = dy, .y = y, .g = g, .streams = streams},
            {.mean = mean, .scale = nullptr, .bias = nullptr, .relu_bound = {}}, sums, scratch);
}

#define TAPESTRY_INSTANTIATE(T)                                                                                  \
  template std::int64_t channel_norm_scratch<T>(const Geometry&);                                                \
  template void channel_norm_sums(const Geometry&, const T*, const double*, double*, double*);                   \
  template void channel_norm_gradient_sums(const Geometry&, const T*, const T*, const ChannelAffine&, double*,   \
                                           double*);                                                             \
  template void channel_norm_add_relu_gradient(const Geometry&, const T*, const T*, const T*, const double*, T*, \
                                               double*, double*)
TAPESTRY_INSTANTIATE(float);
TAPESTRY_INSTANTIATE(double);
#undef TAPESTRY_INSTANTIATE

}  // namespace tapestry::kernels
#endif
