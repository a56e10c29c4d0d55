// The passes over the elements.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/norm/channel_norm.cpp>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/kernels/norm/channel_affine-inl.hpp>
#include <tapestry/kernels/norm/channel_norm.hpp>
#include <tapestry/kernels/norm/channel_norm_rows.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>
#include <tapestry/kernels/runtime/streaming-inl.hpp>
#include <tapestry/kernels/runtime/streaming.hpp>
#include <tapestry/kernels/simd/channels-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

using channel_norm::Relu;
using channel_norm::relu_bound;

template <Relu relu, class T>
HWY_INLINE void apply_rows_of(std::int64_t rows, std::int64_t channels, const T* HWY_RESTRICT x,
                              ChannelAffine<T> affine, bool streams, T* HWY_RESTRICT y) {
  const T bound = relu_bound(affine);
  for (std::int64_t row = 0; row < rows; ++row, x += channels, y += channels) {
    for_channels<T>(channels, [&](auto d, std::int64_t c) HWY_ATTR {
      const auto result = normalised(d, hn::LoadU(d, x + c), affine, c);
      store_result(streams, rectify<relu>(d, result, hn::Set(d, bound)), d, y + c);
    });
  }
}

template <class T>
void apply_rows(std::int64_t rows, std::int64_t channels, const T* x, const ChannelAffine<T>& affine, bool streams,
                T* y) {
  switch (channel_norm::relu_of(affine)) {
    case Relu::none:
      return apply_rows_of<Relu::none>(rows, channels, x, affine, streams, y);
    case Relu::unbounded:
      return apply_rows_of<Relu::unbounded>(rows, channels, x, affine, streams, y);
    case Relu::bounded:
      return apply_rows_of<Relu::bounded>(rows, channels, x, affine, streams, y);
  }
}

template <class T>
void add_relu_rows(std::int64_t rows, std::int64_t channels, const T* HWY_RESTRICT x, const T* HWY_RESTRICT residual,
                   ChannelAffine<T> affine, bool streams, T* HWY_RESTRICT y) {
  for (std::int64_t row = 0; row < rows; ++row, x += channels, residual += channels, y += channels) {
    for_channels<T>(channels, [&](auto d, std::int64_t c) HWY_ATTR {
      const auto sum = hn::Add(normalised(d, hn::LoadU(d, x + c), affine, c), hn::LoadU(d, residual + c));
      store_result(streams, rectify<Relu::unbounded>(d, sum, sum), d, y + c);
    });
  }
}

template <Relu relu, bool has_slope, class T>
HWY_INLINE void gradient_rows_of(std::int64_t rows, std::int64_t channels, const T* dy, const T* HWY_RESTRICT x,
                                 ChannelAffine<T> affine, const T* HWY_RESTRICT slope, const T* HWY_RESTRICT offset,
                                 bool streams, T* dx) {
  const T bound = relu_bound(affine);
  for (std::int64_t row = 0; row < rows; ++row, dy += channels, x += channels, dx += channels) {
    for_channels<T>(channels, [&](auto d, std::int64_t c) HWY_ATTR {
      const auto scale = hn::LoadU(d, affine.scale + c);
      auto gradient = hn::LoadU(d, dy + c);
      auto distance = gradient;
      if constexpr (relu != Relu::none || has_slope) distance = centred(d, hn::LoadU(d, x + c), affine, c);
      if constexpr (relu != Relu::none) {
        const auto y = hn::MulAdd(distance, scale, hn::LoadU(d, affine.bias + c));
        gradient = let_through<relu>(d, gradient, y, hn::Set(d, bound));
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

template <Relu relu, class T>
void gradient_rows_behind(std::int64_t rows, std::int64_t channels, const T* dy, const T* x,
                          const ChannelAffine<T>& affine, const T* slope, const T* offset, bool streams, T* dx) {
  if (slope != nullptr) {
    gradient_rows_of<relu, true>(rows, channels, dy, x, affine, slope, offset, streams, dx);
  } else {
    gradient_rows_of<relu, false>(rows, channels, dy, x, affine, slope, offset, streams, dx);
  }
}

template <class T>
void gradient_rows(std::int64_t rows, std::int64_t channels, const T* dy, const T* x, const ChannelAffine<T>& affine,
                   const T* slope, const T* offset, bool streams, T* dx) {
  switch (channel_norm::relu_of(affine)) {
    case Relu::none:
      return gradient_rows_behind<Relu::none>(rows, channels, dy, x, affine, slope, offset, streams, dx);
    case Relu::unbounded:
      return gradient_rows_behind<Relu::unbounded>(rows, channels, dy, x, affine, slope, offset, streams, dx);
    case Relu::bounded:
      return gradient_rows_behind<Relu::bounded>(rows, channels, dy, x, affine, slope, offset, streams, dx);
  }
}

template <class T>
using Affine = const ChannelAffine<T>&;
using I = std::int64_t;
void apply_rows_f32(I rows, I channels, const float* x, Affine<float> affine, bool streams, float* y) {
  apply_rows(rows, channels, x, affine, streams, y);
}
void apply_rows_f64(I rows, I channels, const double* x, Affine<double> affine, bool streams, double* y) {
  apply_rows(rows, channels, x, affine, streams, y);
}
void add_relu_rows_f32(I rows, I channels, const float* x, const float* residual, Affine<float> affine, bool streams,
                       float* y) {
  add_relu_rows(rows, channels, x, residual, affine, streams, y);
}
void add_relu_rows_f64(I rows, I channels, const double* x, const double* residual, Affine<double> affine, bool streams,
                       double* y) {
  add_relu_rows(rows, channels, x, residual, affine, streams, y);
}
void gradient_rows_f32(I rows, I channels, const float* dy, const float* x, Affine<float> affine, const float* slope,
                       const float* offset, bool streams, float* dx) {
  gradient_rows(rows, channels, dy, x, affine, slope, offset, streams, dx);
}
void gradient_rows_f64(I rows, I channels, const double* dy, const double* x, Affine<double> affine,
                       const double* slope, const double* offset, bool streams, double* dx) {
  gradient_rows(rows, channels, dy, x, affine, slope, offset, streams, dx);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapestry::kernels {
namespace {
HWY_EXPORT(apply_rows_f32);
HWY_EXPORT(apply_rows_f64);
HWY_EXPORT(add_relu_rows_f32);
HWY_EXPORT(add_relu_rows_f64);
HWY_EXPORT(gradient_rows_f32);
HWY_EXPORT(gradient_rows_f64);

using namespace channel_norm;

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

template <class T>
void apply_some(std::int64_t rows, std::int64_t channels, const T* x, const ChannelAffine<T>& affine, bool streams,
                T* y) {
  const auto apply = [&] {
    if constexpr (is_f32<T>)
      return HWY_DYNAMIC_DISPATCH(apply_rows_f32);
    else
      return HWY_DYNAMIC_DISPATCH(apply_rows_f64);
  }();
  for_wide_rows(rows, channels, numbers_of(affine),
                [&](std::int64_t some, std::int64_t width, std::int64_t at, auto& p) {
                  apply(some, width, x + at, affine_of(p, affine.relu_bound), streams, y + at);
                });
}

}  // namespace

template <class T>
void channel_norm_apply(const Geometry& g, const T* x, const ChannelAffine<T>& affine, T* y) {
  const bool streams = should_stream(y, g.samples * g.rows, g.channels);
  for_row_ranges<T>(g, [&](std::int64_t rows, std::int64_t first, std::int64_t c) {
    apply_some(rows, g.channels, x + first, from_channel(affine, c), streams, y + first);
  });
}

template <class T>
void channel_norm_apply_rows(std::int64_t rows, std::int64_t channels, const T* x, const ChannelAffine<T>& affine,
                             T* y) {
  apply_some(rows, channels, x, affine, /*streams=*/false, y);
}

template <class T>
void channel_norm_add_relu(const Geometry& g, const T* x, const T* residual, const ChannelAffine<T>& affine, T* y) {
  const auto apply = [&] {
    if constexpr (is_f32<T>)
      return HWY_DYNAMIC_DISPATCH(add_relu_rows_f32);
    else
      return HWY_DYNAMIC_DISPATCH(add_relu_rows_f64);
  }();
  const bool streams = should_stream(y, g.samples * g.rows, g.channels);
  for_row_ranges<T>(g, [&](std::int64_t rows, std::int64_t first, std::int64_t c) {
    for_wide_rows(rows, g.channels, numbers_of(from_channel(affine, c)),
                  [&](std::int64_t some, std::int64_t width, std::int64_t at, auto& p) {
                    apply(some, width, x + first + at, residual + first + at, affine_of(p, {}), streams,
                          y + first + at);
                  });
  });
}

template <class T>
void channel_norm_input_gradient(const Geometry& g, const T* dy, const T* x, const ChannelAffine<T>& affine,
                                 const T* slope, const T* offset, T* dx) {
  const auto differentiate = [&] {
    if constexpr (is_f32<T>)
      return HWY_DYNAMIC_DISPATCH(gradient_rows_f32);
    else
      return HWY_DYNAMIC_DISPATCH(gradient_rows_f64);
  }();
  const bool streams = dx != dy && should_stream(dx, g.samples * g.rows, g.channels);
  for_row_ranges<T>(g, [&](std::int64_t rows, std::int64_t first, std::int64_t c) {
    for_wide_rows(rows, g.channels,
                  numbers_of(from_channel(affine, c), from_channel(slope, c), from_channel(offset, c)),
                  [&](std::int64_t some, std::int64_t width, std::int64_t at, auto& p) {
                    differentiate(some, width, dy + first + at, x + first + at, affine_of(p, affine.relu_bound), p[4],
                                  p[5], streams, dx + first + at);
                  });
  });
}

#define TAPESTRY_INSTANTIATE(T)                                                                                     \
  template void channel_norm_apply(const Geometry&, const T*, const ChannelAffine<T>&, T*);                         \
  template void channel_norm_apply_rows(std::int64_t, std::int64_t, const T*, const ChannelAffine<T>&, T*);         \
  template void channel_norm_add_relu(const Geometry&, const T*, const T*, const ChannelAffine<T>&, T*);            \
  template void channel_norm_input_gradient(const Geometry&, const T*, const T*, const ChannelAffine<T>&, const T*, \
                                            const T*, T*)
TAPESTRY_INSTANTIATE(float);
TAPESTRY_INSTANTIATE(double);
#undef TAPESTRY_INSTANTIATE

}  // namespace tapestry::kernels
#endif
