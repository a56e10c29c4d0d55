// The register tiles (micro-kernels) of the two products of conv2d_products.hpp. Included once per instruction set.
#if defined(TAPESTRY_KERNELS_CONV2D_TILES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TAPESTRY_KERNELS_CONV2D_TILES_INL
#undef TAPESTRY_KERNELS_CONV2D_TILES_INL
#else
#define TAPESTRY_KERNELS_CONV2D_TILES_INL
#endif

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <tapestry/kernels/conv/conv2d_products.hpp>
#include <tapestry/kernels/elementwise/epilogue-inl.hpp>
#include <tapestry/kernels/runtime/streaming-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// 24 of 32 registers, or 12 of 16, hold sums, enough to hide the latency of multiply-add; the others hold operands.
#if (HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3) || HWY_ARCH_ARM
inline constexpr int tile_sums = 24;
#else
inline constexpr int tile_sums = 12;
#endif

template <int vectors>
inline constexpr int tile_rows = tile_sums / vectors;
/// The rows of the tile for the last pixels, if these are few.
template <int vectors>
inline constexpr int short_tile_rows = tile_rows<vectors> / 3;

// The unroll factor of the loop over the depth. Tiles one vector wide have more rows than there are registers for their
// pointers; with unrolling one load of a pointer serves several products.
template <int vectors>
inline constexpr int depth_unroll = vectors > 1 ? 1 : tile_sums / 6;

template <class T, int vectors, int unroll, int rows, class V, class D>
HWY_INLINE void multiply_step(D d, const T* const* HWY_RESTRICT sources, std::int64_t offset,
                              const T* HWY_RESTRICT weights, V (&sums)[rows][vectors]) {
  const std::size_t lanes = hn::Lanes(d);
  V w[unroll][vectors];
  HWY_UNROLL(4)
  for (int u = 0; u < unroll; ++u) {
    HWY_UNROLL(2)
    for (int v = 0; v < vectors; ++v)
      w[u][v] = hn::Load(d, weights + static_cast<std::size_t>(u * vectors + v) * lanes);
  }
  HWY_UNROLL(24)
  for (int r = 0; r < rows; ++r) {
    const T* const row = sources[r] + offset;
    HWY_UNROLL(4)
    for (int u = 0; u < unroll; ++u) {
      const V x = hn::Set(d, row[u]);
      HWY_UNROLL(2)
      for (int v = 0; v < vectors; ++v) sums[r][v] = hn::MulAdd(x, w[u][v], sums[r][v]);
    }
  }
}

/// Stores the first `count` lanes, or all if there are fewer, without touching the memory behind them, which may belong
/// to another thread.
template <class D, class V>
HWY_INLINE void store_first(V value, D d, std::int64_t count, hn::TFromD<D>* HWY_RESTRICT target) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2
  hn::BlendedStore(value, hn::FirstN(d, static_cast<std::size_t>(count)), d, target);
#else
  using T = hn::TFromD<D>;
  HWY_ALIGN T lanes[HWY_MAX_BYTES / sizeof(T)];
  hn::Store(value, d, lanes);
  std::memcpy(target, lanes, std::min(hn::Lanes(d), static_cast<std::size_t>(count)) * sizeof(T));
#endif
}

/// Prefetches the cache lines that a tile will write, because stores that miss fill up the store buffer.
template <int rows, class T>
HWY_INLINE void fetch_targets(T* const* targets, std::int64_t first_column, std::int64_t columns) {
  for (int r = 0; r < rows; ++r) {
    __builtin_prefetch(targets[r] + first_column, 1);
    __builtin_prefetch(targets[r] + first_column + columns - 1, 1);
  }
}

/// A tile of `multiply_pixels`: the whole depth for `rows` pixels from `pixel` on and one panel, given by its weights
/// and bias, of which the first `columns` columns are stored. With `fetches`, prefetches what is `ahead`, once for all
/// panels.
template <class T, int vectors, bool fetches, int rows>
HWY_NOINLINE void multiply_tile(const PixelProduct<T>& product, std::int64_t pixel, const T* HWY_RESTRICT weights,
                                const T* HWY_RESTRICT bias, std::int64_t first_column, std::int64_t columns) {
  const T* const* HWY_RESTRICT const sources = product.sources + pixel;
  T* const* HWY_RESTRICT const targets = product.targets + pixel;
  const Runs runs = product.runs;
  const bool streams = product.streams;
  const std::int64_t first_target = product.target_offset + first_column;
  constexpr int unroll = depth_unroll<vectors>;
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t width = lanes * vectors;

  V sums[rows][vectors];
  HWY_UNROLL(24)
  for (int r = 0; r < rows; ++r) {
    HWY_UNROLL(2)
    for (int v = 0; v < vectors; ++v) sums[r][v] = hn::Load(d, bias + static_cast<std::size_t>(v) * lanes);
  }
  const T* next = fetches && first_column == 0 ? product.ahead + pixel * runs.length : sources[0];
  if (fetches && !streams) fetch_targets<rows>(targets, first_target, columns);
  const T* local[rows];
  HWY_UNROLL(24)
  for (int r = 0; r < rows; ++r) local[r] = sources[r];

  for (std::int64_t i = 0; i < runs.rows; ++i) {
    for (std::int64_t j = 0; j < runs.columns; ++j) {
      std::int64_t offset = product.source_offset + i * runs.row_step + j * runs.column_step;
      const std::int64_t end = offset + runs.length;
      for (; offset + unroll <= end; offset += unroll) {
        multiply_step<T, vectors, unroll, rows>(d, local, offset, weights, sums);
        if constexpr (fetches) {
          constexpr int line = 64 / sizeof(T);
          for (int e = 0; e < rows * unroll; e += line) hwy::Prefetch(next + e);
          next += rows * unroll;
        }
        weights += static_cast<std::size_t>(unroll) * width;
      }
      if constexpr (unroll > 1) {
        for (; offset < end; ++offset) {
          multiply_step<T, vectors, 1, rows>(d, local, offset, weights, sums);
          weights += width;
        }
      }
    }
  }

  const bool is_whole = columns == static_cast<std::int64_t>(width);
  if (!product.epilogue.is_none()) {
    const auto addend_of = [&](int r) {
      return product.epilogue.addend + (targets[r] + product.target_offset - product.target_base);
    };
    if (is_whole) {
      finish<true>(d, product.epilogue, first_column, columns, sums, addend_of);
    } else {
      finish<false>(d, product.epilogue, first_column, columns, sums, addend_of);
    }
  }
  if (is_whole) {
    HWY_UNROLL(24)
    for (int r = 0; r < rows; ++r) {
      HWY_UNROLL(2)
      for (int v = 0; v < vectors; ++v) {
        store_result(streams, sums[r][v], d, targets[r] + first_target + static_cast<std::size_t>(v) * lanes);
      }
    }
    return;
  }
  HWY_UNROLL(24)
  for (int r = 0; r < rows; ++r) {
    HWY_UNROLL(2)
    for (int v = 0; v < vectors; ++v) {
      const std::int64_t first = v * static_cast<std::int64_t>(lanes);
      if (first < columns) store_first(sums[r][v], d, columns - first, targets[r] + first_target + first);
    }
  }
}

/// `multiply_tile` for one run per pixel, sources and targets with a constant pitch, and all columns of the panel: a
/// few pointers then determine all addresses, which leaves the load ports to the operands. `size` is the length of the
/// runs and the pitch of the sources if both are known at compile time, otherwise 0.
template <class T, int vectors, int rows, int size>
HWY_NOINLINE void multiply_pitched_tile(const PixelProduct<T>& product, std::int64_t pixel,
                                        const T* HWY_RESTRICT weights, const T* HWY_RESTRICT bias,
                                        std::int64_t first_column) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  const std::size_t lanes = hn::Lanes(d);
  // One pointer per three rows: addressing modes scale an offset by one and by two.
  constexpr int pointers = rows / 3;
  static_assert(rows % 3 == 0);
  const std::int64_t pitch = size > 0 ? size : product.source_pitch;
  const std::int64_t length = size > 0 ? size : product.runs.length;
  const T* source[pointers];
  HWY_UNROLL(8)
  for (int i = 0; i < pointers; ++i) source[i] = product.sources[pixel] + product.source_offset + 3 * i * pitch;

  V sums[rows][vectors];
  HWY_UNROLL(24)
  for (int r = 0; r < rows; ++r) {
    HWY_UNROLL(2)
    for (int v = 0; v < vectors; ++v) sums[r][v] = hn::Load(d, bias + static_cast<std::size_t>(v) * lanes);
  }
  for (std::int64_t k = 0; k < length; ++k) {
    V w[vectors];
    HWY_UNROLL(2)
    for (int v = 0; v < vectors; ++v) w[v] = hn::Load(d, weights + static_cast<std::size_t>(v) * lanes);
    weights += lanes * vectors;
    HWY_UNROLL(24)
    for (int r = 0; r < rows; ++r) {
      const V x = hn::Set(d, source[r / 3][r % 3 * pitch]);
      HWY_UNROLL(2)
      for (int v = 0; v < vectors; ++v) sums[r][v] = hn::MulAdd(x, w[v], sums[r][v]);
    }
    HWY_UNROLL(8)
    for (int i = 0; i < pointers; ++i) ++source[i];
  }
  T* HWY_RESTRICT target = product.targets[pixel] + product.target_offset + first_column;
  HWY_UNROLL(24)
  for (int r = 0; r < rows; ++r, target += product.target_pitch) {
    HWY_UNROLL(2)
    for (int v = 0; v < vectors; ++v) hn::StoreU(sums[r][v], d, target + static_cast<std::size_t>(v) * lanes);
  }
}

/// A tile of `add_pixels`: all pixels for `rows` adjacent elements of their windows and one panel. With `fetches`,
/// prefetches what is ahead.
template <class T, int vectors, bool fetches, int rows>
HWY_NOINLINE void add_tile(const PixelSum<T>& sum, std::int64_t offset, std::int64_t first_column,
                           T* HWY_RESTRICT target) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  const std::size_t lanes = hn::Lanes(d);

  V sums[rows][vectors];
  HWY_UNROLL(24)
  for (int r = 0; r < rows; ++r) {
    HWY_UNROLL(2)
    for (int v = 0; v < vectors; ++v) {
      sums[r][v] = sum.begins ? hn::Zero(d) : hn::Load(d, target + static_cast<std::size_t>(r * vectors + v) * lanes);
    }
  }
  const T* HWY_RESTRICT gradients = sum.gradients + first_column;
  const T* next_source = sum.sources_ahead + (fetches ? offset : 0);
  const T* next_gradients = sum.gradients_ahead + (fetches ? first_column : 0);
  for (std::int64_t p = 0; p < sum.pixels; ++p) {
    // std::launder keeps the compiler from holding offset + r in a register for every r; there are too few.
    const T* const source = std::launder(sum.sources[p] + offset);
    V g[vectors];
    HWY_UNROLL(2)
    for (int v = 0; v < vectors; ++v) g[v] = hn::LoadU(d, gradients + static_cast<std::size_t>(v) * lanes);
    if constexpr (fetches) {
      hwy::Prefetch(next_source);
      next_source += sum.runs.length;
      HWY_UNROLL(2)
      for (int v = 0; v < vectors; ++v) hwy::Prefetch(next_gradients + static_cast<std::size_t>(v) * lanes);
      next_gradients += sum.pitch;
    }
    gradients += sum.pitch;
    HWY_UNROLL(24)
    for (int r = 0; r < rows; ++r) {
      const V x = hn::Set(d, source[r]);
      HWY_UNROLL(2)
      for (int v = 0; v < vectors; ++v) sums[r][v] = hn::MulAdd(x, g[v], sums[r][v]);
    }
  }
  HWY_UNROLL(24)
  for (int r = 0; r < rows; ++r) {
    HWY_UNROLL(2)
    for (int v = 0; v < vectors; ++v) {
      hn::Store(sums[r][v], d, target + static_cast<std::size_t>(r * vectors + v) * lanes);
    }
  }
}

template <class T>
using AddTile = void (*)(const PixelSum<T>&, std::int64_t, std::int64_t, T*);

template <class T, int vectors, bool fetches, int... heights>
constexpr std::array<AddTile<T>, sizeof...(heights)> make_add_tiles(std::integer_sequence<int, heights...>) {
  return {add_tile<T, vectors, fetches, heights + 1>...};
}

/// add_tile by height − 1.
template <class T, int vectors, bool fetches>
inline constexpr auto add_tiles =
    make_add_tiles<T, vectors, fetches>(std::make_integer_sequence<int, tile_rows<vectors>>{});

}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#endif
