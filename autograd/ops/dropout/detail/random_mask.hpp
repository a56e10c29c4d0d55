// Random masks that are applied as they are drawn and never stored. For .cpp files.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include <tapestry/core/array.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::detail {

/// The elements that a step of a random stream keeps, each independently with probability 1 − p; p = 1 keeps none and p
/// = 0 all.
class RandomMask {
 public:
  RandomMask(const RandomStream& stream, double p);
  /// keep[i] = 1 where element first + i, in row-major order, is kept, else 0.
  void fill(std::int64_t first, std::int64_t count, std::uint8_t* keep) const;

 private:
  Philox random_;
  std::uint32_t least_;  ///< the smallest value of 24 random bits that keeps an element
};

/// kept(element) where the mask keeps, else `dropped`.
template <class T, class F>
Array map_masked(const Array& x, const RandomMask& mask, T dropped, const F& kept) {
  Array result = Array::empty_like(x);
  const T* in = x.data<T>();
  T* out = result.mutable_data<T>();
  if (x.format() == MemoryFormat::row_major) {
    constexpr std::int64_t range = 4096;
    kernels::parallel_ranges(x.numel(), range, [&](std::int64_t begin, std::int64_t end) {
      std::array<std::uint8_t, range> keep;
      mask.fill(begin, end - begin, keep.data());
      for (std::int64_t i = begin; i < end; ++i) {
        out[i] = keep[static_cast<std::size_t>(i - begin)] != 0 ? kept(in[i]) : dropped;
      }
    });
    return result;
  }
  // Channel by channel within tiles of pixels, so that row-major neighbors, which are drawn together, are in the cache.
  constexpr std::int64_t tile = 64;
  const std::int64_t channels = x.size(-3);
  const std::int64_t pixels = x.size(-2) * x.size(-1);
  const std::int64_t tiles = (pixels + tile - 1) / tile;
  if (x.numel() == 0) return result;
  kernels::parallel_for(x.numel() / (channels * pixels) * tiles, [&](std::int64_t piece, int) {
    std::array<std::uint8_t, tile> keep;
    const std::int64_t image = piece / tiles;
    const std::int64_t first = piece % tiles * tile;
    const std::int64_t count = std::min(tile, pixels - first);
    for (std::int64_t channel = 0; channel < channels; ++channel) {
      mask.fill((image * channels + channel) * pixels + first, count, keep.data());
      const std::int64_t at = (image * pixels + first) * channels + channel;
      for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t place = at + i * channels;
        out[place] = keep[static_cast<std::size_t>(i)] != 0 ? kept(in[place]) : dropped;
      }
    }
  });
  return result;
}

}  // namespace tapestry::detail
