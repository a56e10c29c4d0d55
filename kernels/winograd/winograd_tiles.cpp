#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

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

/// A transform in two dimensions, down the columns first, then along the rows: `load(j, column)` fetches column j, and
/// `store(i, row)` takes row i of the results.
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

/// Loads column j of factors, each in a plane of its own.
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

/// Not inlined, nor `gather_tile`: in a loop over tiles g++ 12 finds worse places for so many numbers, which took 7 %
/// of the weight gradient of 16 channels.
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

/// While a tile is transformed the pixels of the next are on their way.
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

/// What is done to results of a tile. A bias and a ReLU alone need not know all results before any is stored.
enum class Ending { none, bias_relu, epilogue };

/// A tile whose columns are all inside the image if `is_whole`. Returns the number of channels before one that is not
/// finite.
template <class Transform, bool is_whole, Ending ending>
HWY_NOINLINE std::int64_t gather_tile(const float* HWY_RESTRICT products, std::int64_t plane, std::int64_t channels,
                                      const Finish& finish, const float* images, const float* outside,
                                      const Square<Transform::out, float>& pixels) {
  constexpr int side = Transform::out;
  const float* HWY_RESTRICT bias = finish.bias;
  const bool streams = finish.streams;
  const Epilogue<float>& epilogue = finish.epilogue;
  const bool is_rectified = epilogue.activation.kind == ActivationKind::relu;
  const float least = is_rectified ? 0 : -std::numeric_limits<float>::infinity();
  std::int64_t finite = channels;
  for_channels<float>(channels, [&](auto d, std::int64_t channel) HWY_ATTR {
    using V = hn::Vec<decltype(d)>;
    const auto zero = hn::Zero(d);
    const auto offset = bias == nullptr ? zero : hn::LoadU(d, bias + channel);
    // Of the columns: infinite or NaN once a result is. One sum would wait for every addition.
    V sums[side];
    HWY_UNROLL(8)
    for (int j = 0; j < side; ++j) sums[j] = zero;
    const auto pixel_at = [&](int i, int j)
                              HWY_ATTR { return pixels.rows[i] + (is_whole ? j : j - pixels.begin) * pixels.step; };
    const auto is_inside = [&](int j) HWY_ATTR { return is_whole || pixels.is_inside(j); };
    const auto store_row = [&](int i, const V* row) HWY_ATTR {
      HWY_UNROLL(8)
      for (int j = 0; j < side; ++j) {
        if (is_inside(j)) store_result(streams, row[j], d, pixel_at(i, j) + channel);
      }
    };
    // The addend may lie where the results go: whether they are finite has to be known before any is stored.
    [[maybe_unused]] V results[ending == Ending::epilogue ? side * side : 1][1];
    transform_both_axes<Transform>(
        d, [=](int j, auto& column) HWY_ATTR { load_planes<Transform>(d, products + channel, plane, j, column); },
        [&](int i, const auto& row) HWY_ATTR {
          V with_bias[side];
          HWY_UNROLL(8)
          for (int j = 0; j < side; ++j) {
            sums[j] = hn::Add(sums[j], row[j]);
            with_bias[j] = ending == Ending::none ? row[j] : hn::Add(row[j], offset);
            if constexpr (ending == Ending::epilogue) results[i * side + j][0] = with_bias[j];
            if constexpr (ending == Ending::bias_relu)
              with_bias[j] = hn::IfThenElse(hn::Le(with_bias[j], hn::Set(d, least)), hn::Set(d, least), with_bias[j]);
          }
          if constexpr (ending != Ending::epilogue) store_row(i, with_bias);
        });
    HWY_UNROLL(8)
    for (int j = 1; j < side; ++j) sums[0] = hn::Add(sums[0], sums[j]);
    if (!hn::AllTrue(d, hn::Eq(hn::Sub(sums[0], sums[0]), zero))) finite = std::min(finite, channel);
    if constexpr (ending == Ending::epilogue) {
      if (finite < channels) return;
      // Outside the image there is no addend: what is computed there is not stored, and any will do.
      tapestry::kernels::HWY_NAMESPACE::finish<true>(
          d, epilogue, channel, static_cast<std::int64_t>(hn::Lanes(d)), results, [&](int index) HWY_ATTR {
            const int i = index / side, j = index % side;
            const float* const at = is_inside(j) && pixels.rows[i] != outside ? pixel_at(i, j) : images;
            return epilogue.addend + (at - finish.base);
          });
      for (int i = 0; i < side; ++i) store_row(i, results[i * side]);
    }
  });
  return finite;
}

template <class Transform, Ending ending>
Stop gather_tiles(const Tiling& tiling, Range tiles, const Planes& products, std::int64_t channels,
                  const Finish& finish, float* images, float* outside) {
  SquareWalk<Transform::out, float> walk(tiling, tiling.target, tiles.begin, images, outside);
  const float* source = products.data;
  for (std::int64_t tile = tiles.begin; tile < tiles.end; ++tile, source += products.pitch, walk.advance()) {
    const auto pixels = walk.square();
    const auto gather_this =
        pixels.is_whole() ? gather_tile<Transform, true, ending> : gather_tile<Transform, false, ending>;
    const std::int64_t finite = gather_this(source, products.plane, channels, finish, images, outside, pixels);
    if (finite < channels) return {.tile = tile, .finite = finite};
  }
  return {.tile = tiles.end, .finite = channels};
}

template <class Transform>
Stop gather(const Tiling& tiling, Range tiles, const Planes& products, std::int64_t channels, const Finish& finish,
            float* images, float* outside) {
  const auto gather_these = [&] {
    const auto& [affine, addend, activation] = finish.epilogue;
    const bool is_rectified = activation.kind == ActivationKind::relu;
    const bool is_simple = affine.is_none() && addend == nullptr;
    if (!is_simple || !(is_rectified || activation.kind == ActivationKind::none)) {
      return gather_tiles<Transform, Ending::epilogue>;
    }
    return finish.bias != nullptr || is_rectified ? gather_tiles<Transform, Ending::bias_relu>
                                                  : gather_tiles<Transform, Ending::none>;
  }();
  return gather_these(tiling, tiles, products, channels, finish, images, outside);
}

/// Of `count` kernels or their gradients, from planes to planes.
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
