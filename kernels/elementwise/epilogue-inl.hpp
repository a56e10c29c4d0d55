// The epilogue in vectors. Included once per instruction set.
#if defined(TAPESTRY_KERNELS_EPILOGUE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TAPESTRY_KERNELS_EPILOGUE_INL
#undef TAPESTRY_KERNELS_EPILOGUE_INL
#else
#define TAPESTRY_KERNELS_EPILOGUE_INL
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <hwy/highway.h>

#include <tapestry/kernels/elementwise/activation-inl.hpp>
#include <tapestry/kernels/elementwise/epilogue.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// x − mean of the channels from `c` on.
template <class D, class T>
HWY_INLINE hn::Vec<D> centered(D d, hn::Vec<D> x, const ChannelAffine<T>& affine, std::int64_t c) {
  return hn::Sub(hn::Sub(x, hn::LoadU(d, affine.mean + c)), hn::LoadU(d, affine.mean_rest + c));
}

/// Loads `count` elements, at most a vector of them, without reading behind them. `is_whole` means that `count` is at
/// least the size of a vector.
template <bool is_whole, class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_first(D d, std::int64_t count, const T* from) {
  const std::size_t lanes = hn::Lanes(d);
  if (is_whole || static_cast<std::size_t>(count) >= lanes) return hn::LoadU(d, from);
  HWY_ALIGN T padded[HWY_MAX_BYTES / sizeof(T)] = {};
  std::memcpy(padded, from, static_cast<std::size_t>(count) * sizeof(T));
  return hn::Load(d, padded);
}

/// Not inlined: most activations are long, and the loops that apply them have other work.
template <class D, class V = hn::Vec<D>>
HWY_NOINLINE void activate_each(D d, const Activation& activation, V* values, int count) {
  const ActivationNumbers<V> numbers = activation_numbers(d, activation);
  with_kind(activation.kind, [&](auto kind) HWY_ATTR {
    for (int i = 0; i < count; ++i) values[i] = activate<kind()>(d, values[i], numbers);
  });
}

/// Applies the epilogue to results in registers: `rows` pixels of `vectors` vectors each. Their first `columns`
/// elements are the channels from `c` on; with `is_whole`, all elements are. `addend_of(row)` points to channel 0 of
/// the addends of a pixel.
template <bool is_whole, int rows, int vectors, class D, class T, class V, class AddendOf>
HWY_INLINE void finish(D d, const Epilogue<T>& epilogue, std::int64_t c, std::int64_t columns,
                       V (&values)[rows][vectors], const AddendOf& addend_of) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const ChannelAffine<T> affine = epilogue.affine;
  if (!affine.is_none()) {
    HWY_UNROLL(2)
    for (int v = 0; v < vectors; ++v) {
      const std::int64_t first = c + v * lanes, count = std::max<std::int64_t>(columns - v * lanes, 0);
      const V mean = load_first<is_whole>(d, count, affine.mean + first),
              rest = load_first<is_whole>(d, count, affine.mean_rest + first);
      const V scale = load_first<is_whole>(d, count, affine.scale + first),
              bias = load_first<is_whole>(d, count, affine.bias + first);
      HWY_UNROLL(24)
      for (int r = 0; r < rows; ++r) {
        values[r][v] = hn::MulAdd(hn::Sub(hn::Sub(values[r][v], mean), rest), scale, bias);
      }
    }
  }
  if (epilogue.addend != nullptr) {
    HWY_UNROLL(24)
    for (int r = 0; r < rows; ++r) {
      const T* const addend = addend_of(r);
      HWY_UNROLL(2)
      for (int v = 0; v < vectors; ++v) {
        const std::int64_t count = std::max<std::int64_t>(columns - v * lanes, 0);
        values[r][v] = hn::Add(values[r][v], load_first<is_whole>(d, count, addend + c + v * lanes));
      }
    }
  }
  if (epilogue.activation.kind == ActivationKind::none) return;
  if (epilogue.activation.kind == ActivationKind::relu) {
    const ActivationNumbers<V> numbers = activation_numbers(d, epilogue.activation);
    HWY_UNROLL(24)
    for (int r = 0; r < rows; ++r) {
      HWY_UNROLL(2)
      for (int v = 0; v < vectors; ++v) values[r][v] = activate<ActivationKind::relu>(d, values[r][v], numbers);
    }
    return;
  }
  V copies[rows * vectors];
  HWY_UNROLL(24)
  for (int r = 0; r < rows; ++r) {
    HWY_UNROLL(2)
    for (int v = 0; v < vectors; ++v) copies[r * vectors + v] = values[r][v];
  }
  activate_each(d, epilogue.activation, copies, rows * vectors);
  HWY_UNROLL(24)
  for (int r = 0; r < rows; ++r) {
    HWY_UNROLL(2)
    for (int v = 0; v < vectors; ++v) values[r][v] = copies[r * vectors + v];
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#endif
