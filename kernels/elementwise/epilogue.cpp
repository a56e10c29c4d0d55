// Applies the epilogue in a separate pass over memory.
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

/// Applies an epilogue whose activation is a rectifier.
template <bool has_affine, bool has_addend, ActivationKind rectifier, class T>
HWY_NOINLINE void apply_linear_of(std::int64_t rows, std::int64_t channels, const T* x, const Epilogue<T>& epilogue,
                                  bool streams, T* y) {
  const ChannelAffine<T> affine = epilogue.affine;
  const T* addend = epilogue.addend;
  for (std::int64_t row = 0; row < rows; ++row, x += channels, y += channels) {
    for_channels<T>(channels, [=](auto d, std::int64_t c) HWY_ATTR {
      const auto at = [=](const T* from) HWY_ATTR { return hn::LoadU(d, from + c); };
      auto value = at(x);
      if constexpr (has_affine) value = hn::MulAdd(centered(d, value, affine, c), at(affine.scale), at(affine.bias));
      if constexpr (has_addend) value = hn::Add(value, at(addend));
      store_result(streams, activate<rectifier>(d, value, activation_numbers(d, {})), d, y + c);
    });
    if constexpr (has_addend) addend += channels;
  }
}

template <class T>
void apply_linear(std::int64_t rows, std::int64_t channels, const T* x, const Epilogue<T>& epilogue, bool streams,
                  T* y) {
  const auto apply = [&](auto has_affine, auto has_addend) HWY_ATTR {
    with_rectifier(epilogue.activation.kind, [&](auto kind) HWY_ATTR {
      apply_linear_of<has_affine(), has_addend(), kind()>(rows, channels, x, epilogue, streams, y);
    });
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
    for_channels<T>(size, [=, &activation](auto d, std::int64_t i) HWY_ATTR {
      const auto value = activate<kind()>(d, hn::LoadU(d, x + i), activation_numbers(d, activation));
      store_result(streams, value, d, y + i);
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

/// Activations other than rectifiers run in a separate loop over elements that are still in the cache: compiling ten
/// activations into every kind of loop would take minutes.
template <class T>
void apply_rows(std::int64_t rows, std::int64_t channels, const T* x, const Epilogue<T>& epilogue, bool streams, T* y) {
  const ChannelAffine<T> affine = epilogue.affine;
  const T* const addend = epilogue.addend;
  const Activation activation = epilogue.activation;
  if (is_rectifier(activation.kind)) return apply_linear(rows, channels, x, epilogue, streams, y);
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
    const auto store = [&](auto is_output) HWY_ATTR {
      for_channels<T>(size, [&](auto d, std::int64_t i) HWY_ATTR {
        const auto gradient = hn::LoadU(d, dy + i), value = hn::LoadU(d, values + i);
        if constexpr (is_output) {
          store_result(streams, gradient_at_output<kind()>(d, gradient, value), d, dx + i);
        } else {
          const auto numbers = activation_numbers(d, source.activation);
          store_result(streams, gradient_at<kind()>(d, gradient, value, numbers), d, dx + i);
        }
      });
    };
    if constexpr (has_slope_of_output(kind())) {
      if (source.is_output) return store(std::true_type());
    }
    store(std::false_type());
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
  const auto apply = TAPESTRY_DISPATCH(apply_rows, T);
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
  const auto differentiate = TAPESTRY_DISPATCH(gradient_rows, T);
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
