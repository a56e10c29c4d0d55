// The input gradient.
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/norm/channel_norm.cpp>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/kernels/elementwise/channel_rows.hpp>
#include <tapestry/kernels/elementwise/epilogue-inl.hpp>
#include <tapestry/kernels/norm/channel_norm.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>
#include <tapestry/kernels/runtime/streaming-inl.hpp>
#include <tapestry/kernels/runtime/streaming.hpp>
#include <tapestry/kernels/simd/channels-inl.hpp>
#include <tapestry/kernels/simd/dispatch.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

template <ActivationKind rectifier, bool has_slope, class T>
HWY_INLINE void gradient_rows_of(std::int64_t rows, std::int64_t channels, const T* dy, const T* HWY_RESTRICT x,
                                 ChannelAffine<T> affine, const T* HWY_RESTRICT slope, const T* HWY_RESTRICT offset,
                                 bool streams, T* dx) {
  for (std::int64_t row = 0; row < rows; ++row, dy += channels, x += channels, dx += channels) {
    for_channels<T>(channels, [&](auto d, std::int64_t c) HWY_ATTR {
      const auto scale = hn::LoadU(d, affine.scale + c);
      auto gradient = hn::LoadU(d, dy + c);
      auto distance = gradient;
      if constexpr (rectifier != ActivationKind::none || has_slope)
        distance = centered(d, hn::LoadU(d, x + c), affine, c);
      if constexpr (rectifier != ActivationKind::none) {
        const auto y = hn::MulAdd(distance, scale, hn::LoadU(d, affine.bias + c));
        gradient = gradient_at_output<rectifier>(d, gradient, y);
      }
      if constexpr (has_slope) {
        const auto scaled = hn::MulSub(gradient, scale, hn::LoadU(d, offset + c));
        gradient = hn::NegMulAdd(distance, hn::LoadU(d, slope + c), scaled);
      } else {
        gradient = hn::Mul(gradient, scale);
      }
      store_result(streams, gradient, d, dx + c);
    });
  }
}

template <class T>
void gradient_rows(std::int64_t rows, std::int64_t channels, const T* dy, const T* x, const ChannelAffine<T>& affine,
                   ActivationKind rectifier, const T* slope, const T* offset, bool streams, T* dx) {
  with_rectifier(rectifier, [&](auto kind) HWY_ATTR {
    if (slope != nullptr) {
      gradient_rows_of<kind(), true>(rows, channels, dy, x, affine, slope, offset, streams, dx);
    } else {
      gradient_rows_of<kind(), false>(rows, channels, dy, x, affine, slope, offset, streams, dx);
    }
  });
}

TAPESTRY_KERNEL(gradient_rows);

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapestry::kernels {
namespace {
TAPESTRY_EXPORT(gradient_rows);
}  // namespace

template <class T>
void channel_norm_input_gradient(const ChannelGeometry& g, const T* dy, const T* x, const ChannelAffine<T>& affine,
                                 ActivationKind rectifier, const T* slope, const T* offset, T* dx) {
  const auto differentiate = TAPESTRY_DISPATCH(gradient_rows, T);
  const bool streams = dx != dy && should_stream(dx, g.samples * g.rows, g.channels);
  const auto from = [](const T* numbers, std::int64_t c) { return numbers == nullptr ? nullptr : numbers + c; };
  for_row_ranges<T>(g, [&](std::int64_t rows, std::int64_t first, std::int64_t c) {
    for_wide_rows(rows, g.channels, numbers_of(affine.from(c), from(slope, c), from(offset, c)),
                  [&](std::int64_t count, std::int64_t width, std::int64_t at, auto& p) {
                    differentiate(count, width, dy + first + at, x + first + at, affine_of(p), rectifier, p[4], p[5],
                                  streams, dx + first + at);
                  });
  });
}

template void channel_norm_input_gradient(const ChannelGeometry&, const float*, const float*,
                                          const ChannelAffine<float>&, ActivationKind, const float*, const float*,
                                          float*);
template void channel_norm_input_gradient(const ChannelGeometry&, const double*, const double*,
                                          const ChannelAffine<double>&, ActivationKind, const double*, const double*,
                                          double*);

}  // namespace tapestry::kernels
#endif
