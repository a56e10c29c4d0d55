// The epilogue as a pass over memory.
#include <algorithm>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/elementwise/epilogue.cpp>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/kernels/elementwise/channel_rows.hpp>
#include <tapestry/kernels/elementwise/epilogue-inl.hpp>
#include <tapestry/kernels/elementwise/epilogue.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>
#include <tapestry/kernels/runtime/streaming-inl.hpp>
#include <tapestry/kernels/runtime/streaming.hpp>
#include <tapestry/kernels/simd/channels-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

template <ActivationKind kind, bool has_affine, bool has_addend, class T>
HWY_INLINE void apply_rows_of(std::int64_t rows, std::int64_t channels, const T* x, Epilogue<T> epilogue, bool streams,
                              T* y) {
  for (std::int64_t row = 0; row < rows; ++row) {
    for_channels<T>(channels, [&](auto d, std::int64_t c) HWY_ATTR {
      auto value = hn::LoadU(d, x + c);
      if constexpr (has_affine) value = normalized(d, value, epilogue.affine, c);
      if constexpr (has_addend) value = hn::Add(value, hn::LoadU(d, epilogue.addend + c));
      store_result(streams, activate<kind>(d, value, activation_numbers(d, epilogue.activation)), d, y + c);
    });
    x += channels;
    y += channels;
    if constexpr (has_addend) epilogue.addend += channels;
  }
}

template <class T>
void apply_rows(std::int64_t rows, std::int64_t channels, const T* x, const Epilogue<T>& epilogue, bool streams, T* y) {
  const bool has_affine = !epilogue.affine.is_none(), has_addend = epilogue.addend != nullptr;
  with_kind(epilogue.activation.kind, [&](auto kind) HWY_ATTR {
    if (has_affine && has_addend) return apply_rows_of<kind(), true, true>(rows, channels, x, epilogue, streams, y);
    if (has_affine) return apply_rows_of<kind(), true, false>(rows, channels, x, epilogue, streams, y);
    if (has_addend) return apply_rows_of<kind(), false, true>(rows, channels, x, epilogue, streams, y);
    return apply_rows_of<kind(), false, false>(rows, channels, x, epilogue, streams, y);
  });
}

template <ActivationKind kind, bool has_affine, bool is_output, class T>
HWY_INLINE void gradient_rows_of(std::int64_t rows, std::int64_t channels, const T* dy, ActivationSource<T> source,
                                 bool streams, T* dx) {
  for (std::int64_t row = 0; row < rows; ++row) {
    for_channels<T>(channels, [&](auto d, std::int64_t c) HWY_ATTR {
      auto value = hn::LoadU(d, source.values + c);
      if constexpr (has_affine) value = normalized(d, value, source.affine, c);
      const auto gradient = hn::LoadU(d, dy + c);
      if constexpr (is_output) {
        store_result(streams, gradient_at_output<kind>(d, gradient, value), d, dx + c);
      } else {
        const auto numbers = activation_numbers(d, source.activation);
        store_result(streams, gradient_at<kind>(d, gradient, value, numbers), d, dx + c);
      }
    });
    source.values += channels;
    dy += channels;
    dx += channels;
  }
}

template <class T>
void gradient_rows(std::int64_t rows, std::int64_t channels, const T* dy, const ActivationSource<T>& source,
                   bool streams, T* dx) {
  with_kind(source.activation.kind, [&](auto kind) HWY_ATTR {
    if constexpr (has_slope_of_output(kind())) {
      if (source.is_output) return gradient_rows_of<kind(), false, true>(rows, channels, dy, source, streams, dx);
    }
    if (source.affine.is_none()) return gradient_rows_of<kind(), false, false>(rows, channels, dy, source, streams, dx);
    return gradient_rows_of<kind(), true, false>(rows, channels, dy, source, streams, dx);
  });
}

using I = std::int64_t;
void apply_rows_f32(I rows, I channels, const float* x, const Epilogue<float>& epilogue, bool streams, float* y) {
  apply_rows(rows, channels, x, epilogue, streams, y);
}
void apply_rows_f64(I rows, I channels, const double* x, const Epilogue<double>& epilogue, bool streams, double* y) {
  apply_rows(rows, channels, x, epilogue, streams, y);
}
void gradient_rows_f32(I rows, I channels, const float* dy, const ActivationSource<float>& source, bool streams,
                       float* dx) {
  gradient_rows(rows, channels, dy, source, streams, dx);
}
void gradient_rows_f64(I rows, I channels, const double* dy, const ActivationSource<double>& source, bool streams,
                       double* dx) {
  gradient_rows(rows, channels, dy, source, streams, dx);
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
HWY_EXPORT(gradient_rows_f32);
HWY_EXPORT(gradient_rows_f64);

/// Rows of one sample.
template <class T>
void apply_some(std::int64_t rows, std::int64_t channels, const T* x, const Epilogue<T>& epilogue, bool streams, T* y) {
  const auto apply = [&] {
    if constexpr (std::is_same_v<T, float>)
      return HWY_DYNAMIC_DISPATCH(apply_rows_f32);
    else
      return HWY_DYNAMIC_DISPATCH(apply_rows_f64);
  }();
  for_wide_rows(rows, channels, numbers_of(epilogue.affine),
                [&](std::int64_t some, std::int64_t width, std::int64_t at, auto& numbers) {
                  Epilogue<T> here = epilogue.from(at, 0);
                  here.affine = affine_of(numbers);
                  apply(some, width, x + at, here, streams, y + at);
                });
}

template <class T>
void gradient_some(std::int64_t rows, std::int64_t channels, const T* dy, const ActivationSource<T>& source,
                   bool streams, T* dx) {
  const auto differentiate = [&] {
    if constexpr (std::is_same_v<T, float>)
      return HWY_DYNAMIC_DISPATCH(gradient_rows_f32);
    else
      return HWY_DYNAMIC_DISPATCH(gradient_rows_f64);
  }();
  for_wide_rows(rows, channels, numbers_of(source.affine),
                [&](std::int64_t some, std::int64_t width, std::int64_t at, auto& numbers) {
                  ActivationSource<T> here = source.from(at, 0);
                  here.affine = affine_of(numbers);
                  differentiate(some, width, dy + at, here, streams, dx + at);
                });
}

}  // namespace

template <class T>
void apply_epilogue(const ChannelGeometry& g, const T* x, const Epilogue<T>& epilogue, T* y) {
  const bool streams = y != x && y != epilogue.addend && should_stream(y, g.samples * g.rows, g.channels);
  for_row_ranges<T>(g, [&](std::int64_t rows, std::int64_t first, std::int64_t c) {
    apply_some(rows, g.channels, x + first, epilogue.from(first, c), streams, y + first);
  });
}

template <class T>
void apply_epilogue_rows(std::int64_t rows, std::int64_t channels, const T* x, const Epilogue<T>& epilogue, T* y) {
  apply_some(rows, channels, x, epilogue, /*streams=*/false, y);
}

template <class T>
void activation_gradient(std::int64_t rows, std::int64_t channels, const T* dy, const ActivationSource<T>& source,
                         T* dx) {
  const bool streams = dx != dy && should_stream(dx, rows, channels);
  for_row_ranges<T>({1, rows, channels}, [&](std::int64_t some, std::int64_t first, std::int64_t) {
    gradient_some(some, channels, dy + first, source.from(first, 0), streams, dx + first);
  });
}

template <class T>
void activation_gradient_rows(std::int64_t rows, std::int64_t channels, const T* dy, const ActivationSource<T>& source,
                              T* dx) {
  gradient_some(rows, channels, dy, source, /*streams=*/false, dx);
}

#define TAPESTRY_INSTANTIATE(T)                                                                            \
  template void apply_epilogue(const ChannelGeometry&, const T*, const Epilogue<T>&, T*);                  \
  template void apply_epilogue_rows(std::int64_t, std::int64_t, const T*, const Epilogue<T>&, T*);         \
  template void activation_gradient(std::int64_t, std::int64_t, const T*, const ActivationSource<T>&, T*); \
  template void activation_gradient_rows(std::int64_t, std::int64_t, const T*, const ActivationSource<T>&, T*)
TAPESTRY_INSTANTIATE(float);
TAPESTRY_INSTANTIATE(double);
#undef TAPESTRY_INSTANTIATE

}  // namespace tapestry::kernels
#endif
