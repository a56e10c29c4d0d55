// Which results bypass the caches.
#pragma once

#include <cstdint>

namespace tapestry::kernels {

/// Results of more bytes than this are gone from the last cache before anybody reads them.
inline constexpr std::int64_t streamed_bytes = std::int64_t{16} << 20;

/// Whether `pixels` × `channels` results are better written past the caches, which saves reading the lines that they
/// overwrite: they must be many, and cover whole lines pixel by pixel.
template <class T>
bool should_stream(const T* results, std::int64_t pixels, std::int64_t channels) {
  constexpr std::int64_t line = 64;
  const std::int64_t pixel_bytes = channels * std::int64_t{sizeof(T)};
  return pixel_bytes % line == 0 && reinterpret_cast<std::uintptr_t>(results) % line == 0 && pixel_bytes > 0 &&
         pixels > streamed_bytes / pixel_bytes;
}

}  // namespace tapestry::kernels
