// The two-dimensional transforms of Winograd's convolution (winograd_transforms-inl.hpp), tile by tile, compiled for
// every instruction set and chosen at run time. A tile of 4×4 results belongs to 6×6 pixels of the image; transformed,
// it is 36 factors per channel, each in a plane of its own: factor f of channel c lies at f · plane + c.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tapestry::kernels::winograd {

inline constexpr int tile = 4;      ///< results of a tile along an axis
inline constexpr int window = 6;    ///< pixels that they are made of
inline constexpr int factors = 36;  ///< products for a tile

/// No panel of the products is wider, on any machine: two vectors of 2048 bits.
inline constexpr std::size_t max_panel_width = 128;

/// Bᵀ d B for the pixels (36 pointers, row by row).
void scatter_input(const float* const* pixels, std::int64_t channels, float* target, std::int64_t plane);

/// A dy Aᵀ for the gradients of the results (16 pointers).
void scatter_gradient(const float* const* pixels, std::int64_t channels, float* target, std::int64_t plane);

/// Aᵀ m A + bias into the results (16 pointers), which bypass the caches if `streams`; `bias` may be null. Returns
/// false when a result is not finite.
bool gather_output(const float* products, std::int64_t plane, std::int64_t channels, const float* bias,
                   float* const* pixels, bool streams);

/// G g Gᵀ for `count` kernels side by side: g[tap][kernel] for the 9 taps row by row; factor f of kernel j goes to
/// target[f · plane + j].
void transform_kernels(const float* kernels, std::int64_t count, float* target, std::int64_t plane);

/// The adjoint of `transform_kernels`: sums[f · plane + j] to gradients[tap][kernel].
void transform_kernel_gradients(const float* sums, std::int64_t plane, std::int64_t count, float* gradients);

}  // namespace tapestry::kernels::winograd
