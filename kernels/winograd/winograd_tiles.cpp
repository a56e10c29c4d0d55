#include <cstddef>
#include <cstdint>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/winograd/winograd_tiles.cpp>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/kernels/elementwise/epilogue-inl.hpp>
#include <tapestry/kernels/runtime/streaming-inl.hpp>
#include <tapestry/kernels/simd/channels-inl.hpp>
#include <tapestry/kernels/winograd/winograd_squares.hpp>
#include <tapestry/kernels/winograd/winograd_tiles.hpp>
#include <tapestry/kernels/winograd/winograd_transforms-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

using winograd::Finish;
using winograd::Planes;
using winograd::Range;
using winograd::Square;
using winograd::Squares;
using winograd::SquareWalk;
using winograd::Stop;
using winograd::Tiling;

/// A two-dimensional transform, first of the columns, then of the rows: `load(j, column)` loads column j, `store(i,
/// row)` stores row i of the results.
template <class Transform, class D, class Load, class Store>
HWY_INLINE void transform_both_axes(D d, const Load& load, const Store& store) {
  using V = hn::Vec<D>;
  constexpr Transform transform;
  constexpr int in = Transform::in, out = Transform::out;
  V rows[out][in];
  HWY_UNROLL(9)
  for (int j = 0; j < in; ++j) {
    V column[in], transformed[out];
    load(j, column);
    transform(d, column, transformed);
    HWY_UNROLL(9)
    for (int i = 0; i < out; ++i) rows[i][j] = transformed[i];
  }
  HWY_UNROLL(9)
  for (int i = 0; i < out; ++i) {
    V transformed[out];
    transform(d, rows[i], transformed);
    store(i, transformed);
  }
}

/// Loads column j of factors, each of which has its own plane.
template <class Transform, class D, class V>
HWY_INLINE void load_planes(D d, const float* HWY_RESTRICT source, std::int64_t plane, int j,
                            V (&column)[Transform::in]) {
  HWY_UNROLL(9)
  for (int i = 0; i < Transform::in; ++i) column[i] = hn::LoadU(d, source + (i * Transform::in + j) * plane);
}

/// Stores row i of factors.
template <class Transform, class D, class V>
HWY_INLINE void store_planes(D d, const V (&row)[Transform::out], int i, float* HWY_RESTRICT target,
                             std::int64_t plane) {
  HWY_UNROLL(9)
  for (int j = 0; j < Transform::out; ++j) hn::StoreU(row[j], d, target + (i * Transform::out + j) * plane);
}

/// Not inlined, like `gather_tile`: in a loop over tiles, g++ 12 allocates registers worse, which cost 7 % of the
/// weight gradient of 16 channels.
template <class Transform>
HWY_NOINLINE void scatter_tile(const Square<Transform::in, const float>& pixels, std::int64_t channels,
                               float* HWY_RESTRICT target, std::int64_t plane) {
  for_channels<float>(channels, [=, &pixels](auto d, std::int64_t channel) HWY_ATTR {
    transform_both_axes<Transform>(
        d,
        [=, &pixels](int j, auto& column) HWY_ATTR {
          const bool is_inside = pixels.is_inside(j);
          const std::int64_t offset = (j - pixels.begin) * pixels.step + channel;
          HWY_UNROLL(9)
          for (int i = 0; i < Transform::in; ++i) {
            column[i] = is_inside ? hn::LoadU(d, pixels.rows[i] + offset) : hn::Zero(d);
          }
        },
        [=](int i, const auto& row) HWY_ATTR { store_planes<Transform>(d, row, i, target + channel, plane); });
  });
}

/// Prefetches the pixels of the next tile while a tile is transformed.
template <class Transform>
void scatter(const Tiling& tiling, const Squares& squares, Range tiles, const float* images, const float* zeros,
             const Planes& factors) {
  if (tiles.size() == 0) return;
  SquareWalk<Transform::in, const float> walk(tiling, squares, tiles.begin, images, zeros);
  auto next = walk.square();
  float* target = factors.data;
  for (std::int64_t tile = tiles.begin; tile < tiles.end; ++tile, target += factors.pitch) {
    const auto pixels = next;
    if (tile + 1 < tiles.end) {
      walk.advance();
      next = walk.square();
      prefetch(next, squares.step);
    }
    scatter_tile<Transform>(pixels, squares.images.channels, target, factors.plane);
  }
}

/// Applies the epilogue to a row of a tile. Copies the addends to `kept` unless it is null.
template <int side, class D>
HWY_INLINE void finish_row(D d, const Epilogue<float>& epilogue, std::int64_t channel,
                           const float* const (&addend)[side], float* kept, hn::Vec<D> (&row)[side][1]) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  if (kept != nullptr) {
    HWY_UNROLL(8)
    for (int j = 0; j < side; ++j) hn::Store(hn::LoadU(d, addend[j] + channel), d, kept + j * lanes);
  }
  finish<true>(d, epilogue, channel, lanes, row, [&](int j) HWY_ATTR { return addend[j]; });
}

/// `finish_row` for tiles at the edge and for short vectors: inlining it there would take long to compile, whereas in
/// the main loop it saves 3 % of the inference of ResNet-18.
template <int side, class D>
HWY_NOINLINE void finish_rare_row(D d, const Epilogue<float>& epilogue, std::int64_t channel,
                                  const float* const (&addend)[side], float* kept, hn::Vec<D> (&row)[side][1]) {
  finish_row(d, epilogue, channel, addend, kept, row);
}

template <int side, class D>
HWY_NOINLINE void store_tile(D d, float* values, std::int64_t channel, const Square<side, float>& pixels) {
  for (int i = 0; i < side; ++i) {
    for (int j = 0; j < side; ++j, values += hn::Lanes(d)) {
      if (!pixels.is_inside(j)) continue;
      hn::StoreU(hn::Load(d, values), d, pixels.rows[i] + (j - pixels.begin) * pixels.step + channel);
    }
  }
}

/// Computes the results of a tile; with `is_whole`, all its columns are inside the image. Returns the number of
/// channels before the first nonfinite one.
template <class Transform, bool is_whole, bool is_finished>
HWY_NOINLINE std::int64_t gather_tile(const float* HWY_RESTRICT products, std::int64_t plane, std::int64_t channels,
                                      const Finish& finish, const float* images, const float* outside,
                                      const Square<Transform::out, float>& pixels) {
  constexpr int side = Transform::out;
  const float* HWY_RESTRICT bias = finish.bias;
  const bool streams = finish.streams;
  const Epilogue<float>& epilogue = finish.epilogue;
  const bool is_over_addend = is_finished && epilogue.addend != nullptr && epilogue.addend == finish.base;
  HWY_ALIGN float addends[is_finished ? side * side * (HWY_MAX_BYTES / sizeof(float)) : 1];
  std::int64_t finite = channels;
  for_channels<float>(channels, [&](auto d, std::int64_t channel) HWY_ATTR {
    if (finite < channels) return;
    using V = hn::Vec<decltype(d)>;
    const auto zero = hn::Zero(d);
    const auto offset = bias == nullptr ? zero : hn::LoadU(d, bias + channel);
    // A sum per column, nonfinite if a result is; a single sum would make every addition wait for the one before.
    V sums[side];
    HWY_UNROLL(8)
    for (int j = 0; j < side; ++j) sums[j] = zero;
    const auto pixel_at = [&](int i, int j)
                              HWY_ATTR { return pixels.rows[i] + (is_whole ? j : j - pixels.begin) * pixels.step; };
    const auto is_inside = [&](int j) HWY_ATTR { return is_whole || pixels.is_inside(j); };
    // Outside the image any addend will do: results there are discarded.
    const auto addend_at = [&](int i, int j) HWY_ATTR {
      const float* const at = is_inside(j) && pixels.rows[i] != outside ? pixel_at(i, j) : images;
      return epilogue.addend + (at - finish.base);
    };
    transform_both_axes<Transform>(
        d, [=](int j, auto& column) HWY_ATTR { load_planes<Transform>(d, products + channel, plane, j, column); },
        [&](int i, const auto& row) HWY_ATTR {
          V results[side][1];
          HWY_UNROLL(8)
          for (int j = 0; j < side; ++j) {
            sums[j] = hn::Add(sums[j], row[j]);
            results[j][0] = is_finished ? hn::Add(row[j], offset) : row[j];
          }
          if constexpr (is_finished) {
            const float* addend[side] = {};
            if (epilogue.addend != nullptr) {
              HWY_UNROLL(8)
              for (int j = 0; j < side; ++j) addend[j] = addend_at(i, j);
            }
            float* const kept = is_over_addend ? addends + i * side * static_cast<std::int64_t>(hn::Lanes(d)) : nullptr;
            if constexpr (is_whole && std::is_same_v<decltype(d), hn::ScalableTag<float>>) {
              finish_row(d, epilogue, channel, addend, kept, results);
            } else {
              finish_rare_row(d, epilogue, channel, addend, kept, results);
            }
          }
          HWY_UNROLL(8)
          for (int j = 0; j < side; ++j) {
            if (is_inside(j)) store_result(streams, results[j][0], d, pixel_at(i, j) + channel);
          }
        });
    HWY_UNROLL(8)
    for (int j = 1; j < side; ++j) sums[0] = hn::Add(sums[0], sums[j]);
    if (hn::AllTrue(d, hn::Eq(hn::Sub(sums[0], sums[0]), zero))) return;
    finite = channel;
    if (is_over_addend) store_tile(d, addends, channel, pixels);
  });
  return finite;
}

template <class Transform>
Stop gather(const Tiling& tiling, Range tiles, const Planes& products, std::int64_t channels, const Finish& finish,
            float* images, float* outside) {
  const bool is_finished = finish.bias != nullptr || !finish.epilogue.is_none();
  const auto whole = is_finished ? gather_tile<Transform, true, true> : gather_tile<Transform, true, false>;
  const auto cut = is_finished ? gather_tile<Transform, false, true> : gather_tile<Transform, false, false>;
  SquareWalk<Transform::out, float> walk(tiling, tiling.target, tiles.begin, images, outside);
  const float* source = products.data;
  for (std::int64_t tile = tiles.begin; tile < tiles.end; ++tile, source += products.pitch, walk.advance()) {
    const auto pixels = walk.square();
    const auto gather_this = pixels.is_whole() ? whole : cut;
    const std::int64_t finite = gather_this(source, products.plane, channels, finish, images, outside, pixels);
    if (finite < channels) return {.tile = tile, .finite = finite};
  }
  return {.tile = tiles.end, .finite = channels};
}

/// Transforms `count` kernels or their gradients from planes to planes.
template <class Transform>
void between_planes(const float* HWY_RESTRICT source, std::int64_t source_plane, std::int64_t count,
                    float* HWY_RESTRICT target, std::int64_t target_plane) {
  for_channels<float>(count, [=](auto d, std::int64_t kernel) HWY_ATTR {
    transform_both_axes<Transform>(
        d, [=](int j, auto& column) HWY_ATTR { load_planes<Transform>(d, source + kernel, source_plane, j, column); },
        [=](int i, const auto& row) HWY_ATTR { store_planes<Transform>(d, row, i, target + kernel, target_plane); });
  });
}

template <class Transform>
void transform_kernels(const float* kernels, std::int64_t count, float* target, std::int64_t plane) {
  between_planes<Transform>(kernels, count, count, target, plane);
}

template <class Transform>
void transform_kernel_gradients(const float* sums, std::int64_t plane, std::int64_t count, float* gradients) {
  between_planes<Transform>(sums, plane, count, gradients, count);
}

winograd::Transforms transforms(std::int64_t stride) {
  if (stride == 1) {
    return {.input = scatter<UnitInput>,
            .output = gather<UnitOutput>,
            .gradient = scatter<UnitGradient>,
            .spread = scatter<UnitInput>,
            .spread_output = gather<UnitOutput>,
            .kernels = transform_kernels<UnitKernel>,
            .kernel_gradients = transform_kernel_gradients<UnitKernelGradient>};
  }
  return {.input = scatter<StridedInput>,
          .output = gather<StridedOutput>,
          .gradient = scatter<StridedGradient>,
          .spread = scatter<SpreadInput>,
          .spread_output = gather<SpreadOutput>,
          .kernels = transform_kernels<StridedKernel>,
          .kernel_gradients = transform_kernel_gradients<StridedKernelGradient>};
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapestry::kernels::winograd {

Transforms transforms_of(std::int64_t stride) {
  HWY_EXPORT(transforms);
  return HWY_DYNAMIC_DISPATCH(transforms)(stride);
}

}  // namespace tapestry::kernels::winograd
#endif
