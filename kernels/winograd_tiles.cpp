#include <cstddef>
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/winograd_tiles.cpp>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/kernels/channels-inl.hpp>
#include <tapestry/kernels/streaming-inl.hpp>
#include <tapestry/kernels/winograd_tiles.hpp>
#include <tapestry/kernels/winograd_transforms-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

using winograd::Square;

/// A transform in two dimensions, down the columns first, then along the rows: `load(j, column)` fetches column j, and
/// `store(i, j, value)` takes the result of row i and column j.
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
    HWY_UNROLL(9)
    for (int j = 0; j < out; ++j) store(i, j, transformed[j]);
  }
}

/// Loads column j of factors, each in a plane of its own.
template <class Transform, class D, class V>
HWY_INLINE void load_planes(D d, const float* HWY_RESTRICT source, std::int64_t plane, int j,
                            V (&column)[Transform::in]) {
  HWY_UNROLL(9)
  for (int i = 0; i < Transform::in; ++i) column[i] = hn::LoadU(d, source + (i * Transform::in + j) * plane);
}

template <class Transform>
void scatter(const Square<const float>& pixels, std::int64_t channels, float* HWY_RESTRICT target, std::int64_t plane) {
  for_channels<float>(channels, [=, &pixels](auto d, std::int64_t channel) HWY_ATTR {
    transform_both_axes<Transform>(
        d,
        [=, &pixels](int j, auto& column) HWY_ATTR {
          const bool is_inside = (pixels.columns >> j & 1) != 0;
          const std::int64_t offset = (j - pixels.begin) * pixels.step + channel;
          HWY_UNROLL(9)
          for (int i = 0; i < Transform::in; ++i) {
            column[i] = is_inside ? hn::LoadU(d, pixels.rows[i] + offset) : hn::Zero(d);
          }
        },
        [=](int i, int j, auto value)
            HWY_ATTR { hn::StoreU(value, d, target + (i * Transform::out + j) * plane + channel); });
  });
}

template <class Transform>
bool gather(const float* HWY_RESTRICT products, std::int64_t plane, std::int64_t channels,
            const float* HWY_RESTRICT bias, bool relu, const Square<float>& pixels, bool streams) {
  bool is_finite = true;
  for_channels<float>(channels, [&](auto d, std::int64_t channel) HWY_ATTR {
    const auto zero = hn::Zero(d);
    const auto offset = bias == nullptr ? zero : hn::LoadU(d, bias + channel);
    // NaN once a result is infinite or NaN, else 0.
    auto witness = zero;
    transform_both_axes<Transform>(
        d, [=](int j, auto& column) HWY_ATTR { load_planes<Transform>(d, products + channel, plane, j, column); },
        [&](int i, int j, auto value) HWY_ATTR {
          witness = hn::MulAdd(value, zero, witness);
          auto result = hn::Add(value, offset);
          if (relu) result = hn::IfThenZeroElse(hn::Le(result, zero), result);
          if ((pixels.columns >> j & 1) == 0) return;
          store_result(streams, result, d, pixels.rows[i] + (j - pixels.begin) * pixels.step + channel);
        });
    is_finite = is_finite && hn::AllTrue(d, hn::Eq(witness, zero));
  });
  return is_finite;
}

/// Of `count` kernels or their gradients, from planes to planes.
template <class Transform>
void between_planes(const float* HWY_RESTRICT source, std::int64_t source_plane, std::int64_t count,
                    float* HWY_RESTRICT target, std::int64_t target_plane) {
  for_channels<float>(count, [=](auto d, std::int64_t kernel) HWY_ATTR {
    transform_both_axes<Transform>(
        d, [=](int j, auto& column) HWY_ATTR { load_planes<Transform>(d, source + kernel, source_plane, j, column); },
        [=](int i, int j, auto value)
            HWY_ATTR { hn::StoreU(value, d, target + (i * Transform::out + j) * target_plane + kernel); });
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
