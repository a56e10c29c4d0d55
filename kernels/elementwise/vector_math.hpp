// Functions of the mathematical library over whole buffers, in vectors.
#pragma once

#include <cstdint>

namespace tapestry::kernels {

/// Buffers are worked on in whole vectors: they must have room for `size` rounded up to a multiple of this.
inline constexpr std::int64_t vector_padding = 16;

/// Every value in its place replaced by its function, right to five units in the last place of a
/// normal number. NaN stays NaN.
template <class T>
void vector_exp(std::int64_t size, T* values);
/// eˣ − 1 for x ≤ 0
template <class T>
void vector_expm1(std::int64_t size, T* values);
/// ln(1 + x) for x ≥ 0
template <class T>
void vector_log1p(std::int64_t size, T* values);
template <class T>
void vector_tanh(std::int64_t size, T* values);

}  // namespace tapestry::kernels
