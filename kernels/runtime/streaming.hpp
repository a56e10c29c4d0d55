// When results bypass the caches (streaming stores).
#pragma once

#include <cstdint>

namespace tapestry::kernels {

/// Results of more bytes than this are evicted from the last-level cache before they are read.
inline constexpr std::int64_t streamed_bytes = std::int64_t{16} << 20;

/// True when `pixels` × `channels` results should bypass the caches, which avoids reading the cache lines that they
/// overwrite: they must be large, and every pixel must cover whole cache lines.
template <class T>
bool should_stream(const T* results, std::int64_t pixels, std::int64_t channels) {
  constexpr std::int64_t line = 64;
  const std::int64_t pixel_bytes = channels * std::int64_t{sizeof(T)};
  return pixel_bytes % line == 0 && reinterpret_cast<std::uintptr_t>(results) % line == 0 && pixel_bytes > 0 &&
         pixels > streamed_bytes / pixel_bytes;
}

}  // namespace tapestry::kernels
