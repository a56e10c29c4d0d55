// The passes over the elements.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/channel_norm.cpp>

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

using channel_norm::Relu;

template <Relu relu, class T>
HWY_INLINE void apply_rows_of(std::int64_t rows, std::int64_t channels, const T* HWY_RESTRICT x,
                              const ChannelAffine& affine, bool streams, T* HWY_RESTRICT y) {
  const double upper = channel_norm::upper_bound<T>(affine);
  const double *HWY_RESTRICT mean = affine.mean, *HWY_RESTRICT scale = affine.scale, *HWY_RESTRICT bias = affine.bias;
  for (std::int64_t row = 0; row < rows; ++row, x += channels, y += channels) {
    for_channels<double>(channels, [&](auto d, std::int64_t c) HWY_ATTR {
      const auto centred = hn::Sub(load(d, x + c), hn::LoadU(d, mean + c));
      const auto result = hn::MulAdd(centred, hn::LoadU(d, scale + c), hn::LoadU(d, bias + c));
      store_result(streams, narrowed<T>(d, rectify<relu>(d, result, hn::Set(d, upper))), hn::Rebind<T, decltype(d)>(),
                   y + c);
    });
  }
}

template <class T>
void apply_rows(std::int64_t rows, std::int64_t channels, const T* x, const ChannelAffine& affine, bool streams, T* y) {
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
                   const ChannelAffine& affine, bool streams, T* HWY_RESTRICT y) {
  const double *HWY_RESTRICT mean = affine.mean, *HWY_RESTRICT scale = affine.scale, *HWY_RESTRICT bias = affine.bias;
  for (std::int64_t row = 0; row < rows; ++row, x += channels, residual += channels, y += channels) {
    for_channels<double>(channels, [&](auto d, std::int64_t c) HWY_ATTR {
      const hn::Rebind<T, decltype(d)> narrow;
      const auto centred = hn::Sub(load(d, x + c), hn::LoadU(d, mean + c));
      const auto normalised = hn::MulAdd(centred, hn::LoadU(d, scale + c), hn::LoadU(d, bias + c));
      const auto sum = hn::Add(narrowed<T>(d, normalised), hn::LoadU(narrow, residual + c));
      store_result(streams, rectify<Relu::unbounded>(narrow, sum, sum), narrow, y + c);
    });
  }
}

template <Relu relu, bool has_slope, class T>
HWY_INLINE void gradient_rows_of(std::int64_t rows, std::int64_t channels, const T* dy, const T* HWY_RESTRICT x,
                                 const ChannelAffine& affine, const double* HWY_RESTRICT slope,
                                 const double* HWY_RESTRICT offset, bool streams, T* dx) {
  const double kink = channel_norm::upper_kink<T>(affine);
  const double *HWY_RESTRICT mean = affine.mean, *HWY_RESTRICT scale = affine.scale, *HWY_RESTRICT bias = affine.bias;
  for (std::int64_t row = 0; row < rows; ++row, dy += channels, x += channels, dx += channels) {
    for_channels<double>(channels, [&](auto d, std::int64_t c) HWY_ATTR {
      const auto scale_c = hn::LoadU(d, scale + c);
      auto gradient = load(d, dy + c);
      auto centred = gradient;
      if constexpr (relu != Relu::none || has_slope) centred = hn::Sub(load(d, x + c), hn::LoadU(d, mean + c));
      if constexpr (relu != Relu::none) {
        const auto y = hn::MulAdd(centred, scale_c, hn::LoadU(d, bias + c));
        gradient = let_through<relu>(d, gradient, y, hn::Set(d, kink));
      }
      if constexpr (has_slope) {
        const auto scaled = hn::MulSub(gradient, scale_c, hn::LoadU(d, offset + c));
        gradient = hn::NegMulAdd(centred, hn::LoadU(d, slope + c), scaled);
      } else {
        gradient = hn::Mul(gradient, scale_c);
      }
      store_result(streams, narrowed<T>(d, gradient), hn::Rebind<T, decltype(d)>(), dx + c);
    });
  }
}

template <Relu relu, class T>
void gradient_rows_behind(std::int64_t rows, std::int64_t channels, const T* dy, const T* x,
                          const ChannelAffine& affine, const double* slope, const double* offset, bool streams, T* dx) {
  if (slope != nullptr) {
    gradient_rows_of<relu, true>(rows, channels, dy, x, affine, slope, offset, streams, dx);
  } else {
    gradient_rows_of<relu, false>(rows, channels, dy, x, affine, slope, offset, streams, dx);
  }
}

template <class T>
void gradient_rows(std::int64_t rows, std::int64_t channels, const T* dy, const T* x, const ChannelAffine& affine,
                   const double* slope, const double* offset, bool streams, T* dx) {
  switch (channel_norm::relu_of(affine)) {
    case Relu::none:
      return gradient_rows_behind<Relu::none>(rows, channels, dy, x, affine, slope, offset, streams, dx);
    case Relu::unbounded:
      return gradient_rows_behind<Relu::unbounded>(rows, channels, dy, x, affine, slope, offset, streams, dx);
    case Relu::bounded:
      return gradient_rows_behind<Relu::bounded>(rows, channels, dy, x, affine, slope, offset, streams, dx);
  }
}

using I = std::int64_t;
using Doubles = const double*;
using Affine = const ChannelAffine&;
void apply_rows_f32(I rows, I channels, const float* x, Affine affine, bool streams, float* y) {
  apply_rows(rows, channels, x, affine, streams, y);
}
void apply_rows_f64(I rows, I channels, const double* x, Affine affine, bool streams, double* y) {
  apply_rows(rows, channels, x, affine, streams, y);
}
void add_relu_rows_f32(I rows, I channels, const float* x, const float* residual, Affine affine, bool streams,
                       float* y) {
  add_relu_rows(rows, channels, x, residual, affine, streams, y);
}
void add_relu_rows_f64(I rows, I channels, const double* x, const double* residual, Affine affine, bool streams,
                       double* y) {
  add_relu_rows(rows, channels, x, residual, affine, streams, y);
}
void gradient_rows_f32(I rows, I channels, const float* dy, const float* x, Affine affine, Doubles slope,
                       Doubles offset, bool streams, float* dx) {
  gradient_rows(rows, channels, dy, x, affine, slope, offset, streams, dx);
}
void gradient_rows_f64(I rows, I channels, const double* dy, const double* x, Affine affine, Doubles slope,
                       Doubles offset, bool streams, double* dx) {
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
void apply_some(std::int64_t rows, std::int64_t channels, const T* x, const ChannelAffine& affine, bool streams, T* y) {
  const auto apply = [&] {
    if constexpr (is_f32<T>)
      return HWY_DYNAMIC_DISPATCH(apply_rows_f32);
    else
      return HWY_DYNAMIC_DISPATCH(apply_rows_f64);
  }();
  for_wide_rows<3>(rows, channels, {affine.mean, affine.scale, affine.bias},
                   [&](std::int64_t some, std::int64_t width, std::int64_t at, auto& p) {
                     apply(some, width, x + at, {p[0], p[1], p[2], affine.relu_bound}, streams, y + at);
                   });
}

}  // namespace

template <class T>
void channel_norm_apply(const Geometry& g, const T* x, const ChannelAffine& affine, T* y) {
  const bool streams = should_stream(y, g.samples * g.rows, g.channels);
  for_row_ranges<T>(g, [&](std::int64_t rows, std::int64_t first, std::int64_t c) {
    apply_some(rows, g.channels, x + first, {affine.mean + c, affine.scale + c, affine.bias + c, affine.relu_bound},
               streams, y + first);
  });
}

template <class T>
void channel_norm_apply_rows(std::int64_t rows, std::int64_t channels, const T* x, const ChannelAffine& affine, T* y) {
  apply_some(rows, channels, x, affine, /*streams=*/false, y);
}

template <class T>
void channel_norm_add_relu(const Geometry& g, const T* x, const T* residual, const ChannelAffine& affine, T* y) {
  const auto apply = [&] {
    if constexpr (is_f32<T>)
      return HWY_DYNAMIC_DISPATCH(add_relu_rows_f32);
    else
      return HWY_DYNAMIC_DISPATCH(add_relu_rows_f64);
  }();
  const bool streams = should_stream(y, g.samples * g.rows, g.channels);
  for_row_ranges<T>(g, [&](std::int64_t rows, std::int64_t first, std::int64_t c) {
    for_wide_rows<3>(
        rows, g.channels, {affine.mean + c, affine.scale + c, affine.bias + c},
        [&](std::int64_t some, std::int64_t width, std::int64_t at, auto& p) {
          apply(some, width, x + first + at, residual + first + at, {p[0], p[1], p[2], {}}, streams, y + first + at);
        });
  });
}

template <class T>
void channel_norm_input_gradient(const Geometry& g, const T* dy, const T* x, const ChannelAffine& affine,
                                 const double* slope, const double* offset, T* dx) {
  const auto differentiate = [&] {
    if constexpr (is_f32<T>)
      return HWY_DYNAMIC_DISPATCH(gradient_rows_f32);
    else
      return HWY_DYNAMIC_DISPATCH(gradient_rows_f64);
  }();
  const bool streams = dx != dy && should_stream(dx, g.samples * g.rows, g.channels);
  for_row_ranges<T>(g, [&](std::int64_t rows, std::int64_t first, std::int64_t c) {
    for_wide_rows<5>(rows, g.channels,
                     {affine.mean + c, affine.scale + c, from_channel(affine.bias, c), from_channel(slope, c),
                      from_channel(offset, c)},
                     [&](std::int64_t some, std::int64_t width, std::int64_t at, auto& p) {
                       differentiate(some, width, dy + first + at, x + first + at,
                                     {p[0], p[1], p[2], affine.relu_bound}, p[3], p[4], streams, dx + first + at);
                     });
  });
}

#define TAPESTRY_INSTANTIATE(T)                                                                                       \
  template void channel_norm_apply(const Geometry&, const T*, const ChannelAffine&, T*);                              \
  template void channel_norm_apply_rows(std::int64_t, std::int64_t, const T*, const ChannelAffine&, T*);              \
  template void channel_norm_add_relu(const Geometry&, const T*, const T*, const ChannelAffine&, T*);                 \
  template void channel_norm_input_gradient(const Geometry&, const T*, const T*, const ChannelAffine&, const double*, \
                                            const double*, T*)
TAPESTRY_INSTANTIATE(float);
TAPESTRY_INSTANTIATE(double);
#undef TAPESTRY_INSTANTIATE

}  // namespace tapestry::kernels
#endif
