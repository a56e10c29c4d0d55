// Applies the epilogue in a separate sweep over memory.
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
#include <tapestry/kernels/simd/dispatch.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

/// Stores value(d, i, count, is_whole), the elements from `i` on, for the vectors that cover [0, size).
template <class T, class Value>
HWY_INLINE void store_vectors(std::int64_t size, bool streams, T* to, const Value& value) {
  const hn::ScalableTag<T> d;
  const std::int64_t rest = for_whole_vectors(d, 0, size, [&](auto, std::int64_t i) HWY_ATTR {
    store_result(streams, value(d, i, size - i, std::true_type()), d, to + i);
  });
  if (rest == size) return;
  HWY_ALIGN T last[HWY_MAX_BYTES / sizeof(T)];
  hn::Store(value(d, rest, size - rest, std::false_type()), d, last);
  std::copy_n(last, size - rest, to + rest);
}

/// The epilogue with no activation, or relu.
template <bool has_affine, bool has_addend, bool is_rectified, class T>
HWY_NOINLINE void apply_linear_of(std::int64_t rows, std::int64_t channels, const T* x, const Epilogue<T>& epilogue,
                                  bool streams, T* y) {
  const ChannelAffine<T> affine = epilogue.affine;
  const T* addend = epilogue.addend;
  for (std::int64_t row = 0; row < rows; ++row, x += channels, y += channels) {
    store_vectors<T>(channels, streams, y, [=](auto d, std::int64_t c, std::int64_t count, auto is_whole) HWY_ATTR {
      const auto at = [=](const T* from) HWY_ATTR { return load_first<is_whole()>(d, count, from + c); };
      auto value = at(x);
      if constexpr (has_affine) {
        const auto distance = hn::Sub(hn::Sub(value, at(affine.mean)), at(affine.mean_rest));
        value = hn::MulAdd(distance, at(affine.scale), at(affine.bias));
      }
      if constexpr (has_addend) value = hn::Add(value, at(addend));
      return is_rectified ? activate<ActivationKind::relu>(d, value, activation_numbers(d, {})) : value;
    });
    if constexpr (has_addend) addend += channels;
  }
}

template <class T>
void apply_linear(std::int64_t rows, std::int64_t channels, const T* x, const Epilogue<T>& epilogue, bool streams,
                  T* y) {
  const auto apply = [&](auto has_affine, auto has_addend) HWY_ATTR {
    if (epilogue.activation.kind == ActivationKind::relu) {
      return apply_linear_of<has_affine(), has_addend(), true>(rows, channels, x, epilogue, streams, y);
    }
    return apply_linear_of<has_affine(), has_addend(), false>(rows, channels, x, epilogue, streams, y);
  };
  const bool has_affine = !epilogue.affine.is_none(), has_addend = epilogue.addend != nullptr;
  if (has_affine && has_addend) return apply(std::true_type(), std::true_type());
  if (has_affine) return apply(std::true_type(), std::false_type());
  if (has_addend) return apply(std::false_type(), std::true_type());
  return apply(std::false_type(), std::false_type());
}

template <class T>
HWY_NOINLINE void apply_activation(std::int64_t size, const T* x, const Activation& activation, bool streams, T* y) {
  with_kind(activation.kind, [&](auto kind) HWY_ATTR {
    const auto numbers = activation_numbers(hn::ScalableTag<T>(), activation);
    store_vectors<T>(size, streams, y, [=](auto d, std::int64_t i, std::int64_t count, auto is_whole) HWY_ATTR {
      return activate<kind()>(d, load_first<is_whole()>(d, count, x + i), numbers);
    });
  });
}

constexpr std::int64_t part_size = 512;

/// Calls body(rows, channels, first element, first channel) for parts of at most `part_size` elements: some rows, or
/// part of one.
template <class Body>
HWY_INLINE void for_parts(std::int64_t rows, std::int64_t channels, const Body& body) {
  const std::int64_t some_rows = std::max<std::int64_t>(part_size / std::max<std::int64_t>(channels, 1), 1);
  const std::int64_t some_channels = std::min(part_size, channels);
  for (std::int64_t row = 0; row < rows; row += some_rows) {
    for (std::int64_t c = 0; c < channels; c += some_channels) {
      body(std::min(some_rows, rows - row), std::min(some_channels, channels - c), row * channels + c, c);
    }
  }
}

/// An activation other than relu has a loop of its own, over what the loop before it has left in the cache: in every
/// kind of loop, ten activations would take minutes to compile.
template <class T>
void apply_rows(std::int64_t rows, std::int64_t channels, const T* x, const Epilogue<T>& epilogue, bool streams, T* y) {
  const auto& [affine, addend, activation] = epilogue;
  if (activation.kind == ActivationKind::none || activation.kind == ActivationKind::relu) {
    return apply_linear(rows, channels, x, epilogue, streams, y);
  }
  if (affine.is_none() && addend == nullptr) return apply_activation(rows * channels, x, activation, streams, y);
  HWY_ALIGN T part[part_size];
  for_parts(rows, channels, [&](std::int64_t some, std::int64_t width, std::int64_t at, std::int64_t c) HWY_ATTR {
    const Epilogue<T> linear = {affine.from(c), addend == nullptr ? nullptr : addend + at};
    apply_linear(some, width, x + at, linear, /*streams=*/false, part);
    apply_activation(some * width, part, activation, streams, y + at);
  });
}

template <class T>
HWY_NOINLINE void gradient_of_part(std::int64_t size, const T* dy, const T* values, const ActivationSource<T>& source,
                                   bool streams, T* dx) {
  with_kind(source.activation.kind, [&](auto kind) HWY_ATTR {
    const auto numbers = activation_numbers(hn::ScalableTag<T>(), source.activation);
    const auto store = [&](const auto& gradient_of) HWY_ATTR {
      store_vectors<T>(size, streams, dx, [=](auto d, std::int64_t i, std::int64_t count, auto is_whole) HWY_ATTR {
        return gradient_of(d, load_first<is_whole()>(d, count, dy + i), load_first<is_whole()>(d, count, values + i));
      });
    };
    if constexpr (has_slope_of_output(kind())) {
      if (source.is_output) {
        return store([=](auto d, auto gradient, auto y)
                         HWY_ATTR { return gradient_at_output<kind()>(d, gradient, y); });
      }
    }
    store([=](auto d, auto gradient, auto x) HWY_ATTR { return gradient_at<kind()>(d, gradient, x, numbers); });
  });
}

template <class T>
void gradient_rows(std::int64_t rows, std::int64_t channels, const T* dy, const ActivationSource<T>& source,
                   bool streams, T* dx) {
  if (source.affine.is_none()) return gradient_of_part(rows * channels, dy, source.values, source, streams, dx);
  HWY_ALIGN T part[part_size];
  for_parts(rows, channels, [&](std::int64_t some, std::int64_t width, std::int64_t at, std::int64_t c) HWY_ATTR {
    apply_linear<T>(some, width, source.values + at, {.affine = source.affine.from(c)}, /*streams=*/false, part);
    gradient_of_part(some * width, dy + at, part, source, streams, dx + at);
  });
}

TAPESTRY_KERNEL(apply_rows);
TAPESTRY_KERNEL(gradient_rows);

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapestry::kernels {
namespace {
TAPESTRY_EXPORT(apply_rows);
TAPESTRY_EXPORT(gradient_rows);

/// Rows of one sample.
template <class T>
void apply_some(std::int64_t rows, std::int64_t channels, const T* x, const Epilogue<T>& epilogue, bool streams, T* y) {
  const auto& apply = TAPESTRY_DISPATCH(apply_rows, T);
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
  const auto& differentiate = TAPESTRY_DISPATCH(gradient_rows, T);
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
