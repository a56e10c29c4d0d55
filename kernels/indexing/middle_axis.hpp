// Loops over an array along one of its axes.
#pragma once

#include <algorithm>
#include <cstdint>

#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::kernels {

/// One axis of an array: `outer` is the product of the sizes of the slower axes, `inner` that of the faster ones.
struct MiddleAxis {
  std::int64_t outer;
  std::int64_t size;
  std::int64_t inner;
};

/// The number of adjacent inner elements that are processed together, for the cache and for vectors.
inline constexpr std::int64_t block_size = 64;

/// Calls `body(o, first, last)` for every outer index o and inner ranges [first, last) of at most `block_size`, in
/// parallel.
template <class Body>
void for_blocks(const MiddleAxis& axis, const Body& body) {
  const std::int64_t blocks = (axis.inner + block_size - 1) / block_size;
  parallel_each(axis.outer * blocks, axis.size * std::min(axis.inner, block_size), [&](std::int64_t piece) {
    const std::int64_t first = piece % blocks * block_size;
    body(piece / blocks, first, std::min(axis.inner, first + block_size));
  });
}

}  // namespace tapestry::kernels
