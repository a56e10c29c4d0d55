// Vectorized mathematical functions over buffers.
#pragma once

#include <cstdint>

namespace tapestry::kernels {

/// Buffers are processed in whole vectors: they must have space for `size` rounded up to a multiple of this.
inline constexpr std::int64_t vector_padding = 16;

/// These functions replace every value by its function, with an error of at most five units in the last place of a
/// normal number. NaN stays NaN.
///
/// eˣ
template <class T>
void vector_exp(std::int64_t size, T* values);
/// eˣ − 1 for x ≤ 0
template <class T>
void vector_expm1(std::int64_t size, T* values);
/// ln(1 + x) for x ≥ 0
template <class T>
void vector_log1p(std::int64_t size, T* values);
/// tanh x
template <class T>
void vector_tanh(std::int64_t size, T* values);

}  // namespace tapestry::kernels
