// An array seen from one of its axes.
#pragma once

#include <algorithm>
#include <cstdint>

#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::kernels {

/// An axis between those that run slower in memory and those that run faster.
struct MiddleAxis {
  std::int64_t outer;
  std::int64_t size;
  std::int64_t inner;
};

/// Inner neighbors that are worked on together, for the sake of the cache and of vectors.
inline constexpr std::int64_t block_size = 64;

/// Calls `body(o, first, last)` for all outer places o and inner ranges [first, last) of at most `block_size`, shared
/// out over threads.
template <class Body>
void for_blocks(const MiddleAxis& axis, const Body& body) {
  constexpr std::int64_t grain = std::int64_t{1} << 14;
  const std::int64_t blocks = (axis.inner + block_size - 1) / block_size;
  const std::int64_t elements = 1 + axis.size * std::min(axis.inner, block_size);
  parallel_ranges(axis.outer * blocks, 1 + grain / elements, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t piece = begin; piece < end; ++piece) {
      const std::int64_t first = piece % blocks * block_size;
      body(piece / blocks, first, std::min(axis.inner, first + block_size));
    }
  });
}

}  // namespace tapestry::kernels
