// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011), vectorized over blocks.
#pragma once

#include <array>
#include <cstdint>

namespace tapestry::kernels {

/// The four words of each of `count` blocks with the counters (first + i, step), block by block.
void philox(const std::array<std::uint32_t, 2>& key, const std::array<std::uint32_t, 2>& step, std::uint64_t first,
            std::int64_t count, std::uint32_t* words);

}  // namespace tapestry::kernels
