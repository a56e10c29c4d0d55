// The two-dimensional transforms of Winograd's convolution (winograd_transforms-inl.hpp), tile by tile, compiled for
// every instruction set and chosen at run time. Transformed, a tile is some factors per channel, each in a plane of its
// own.
#pragma once

#include <cstddef>
#include <cstdint>

#include <tapestry/kernels/elementwise/epilogue.hpp>
#include <tapestry/kernels/winograd/winograd_tiling.hpp>

namespace tapestry::kernels::winograd {

/// Along an axis a kernel has six factors, at either stride.
inline constexpr int axis_kernels = 6;
inline constexpr int kernel_factors = axis_kernels * axis_kernels;

/// No panel of the products is wider, on any machine: two vectors of 2048 bits.
inline constexpr std::size_t max_panel_width = 128;

/// The factors or products of some tiles: factor f of channel c of the i-th of them is data[f · plane + i · pitch + c].
struct Planes {
  float* data;
  std::int64_t pitch, plane;

  /// Those from the i-th tile on.
  Planes from(std::int64_t i) const { return {data + i * pitch, pitch, plane}; }
};

/// Makes the factors of tiles from their squares of images. Pixels outside their image are read from `zeros`.
using Scatter = void(const Tiling& tiling, const Squares& squares, Range tiles, const float* images, const float* zeros,
                     const Planes& factors);
/// What becomes of results.
struct Finish {
  const float* bias;         ///< is added to them, unless null
  Epilogue<float> epilogue;  ///< comes after it; the addend of a result at `t` is epilogue.addend[t − base]
  const float* base;
  bool streams;  ///< they bypass the caches
};
/// The first tile with a result that is infinite or NaN, and the number of channels before it; the end of the tiles
/// where there is none.
struct Stop {
  std::int64_t tile, finite;
};
/// Makes the results of tiles from the products of their first `channels` channels, up to one that is not finite: of
/// the channel that it belongs to, and those after it, no epilogue has been applied to the tile, nor its memory changed
/// if that is the addend's. Results outside their image go to `outside`.
using Gather = Stop(const Tiling& tiling, Range tiles, const Planes& products, std::int64_t channels,
                    const Finish& finish, float* images, float* outside);
/// G g Gᵀ for `count` kernels side by side, kernels[tap][kernel] with the 9 taps row by row; factor f of kernel j goes
/// to target[f · plane + j].
using TransformKernels = void(const float* kernels, std::int64_t count, float* target, std::int64_t plane);
/// The adjoint: sums[f · plane + j] to gradients[tap][kernel].
using TransformKernelGradients = void(const float* sums, std::int64_t plane, std::int64_t count, float* gradients);

/// What a convolution transforms; the sides are those at stride 1 and at stride 2.
struct Transforms {
  Scatter* input;         ///< 6×6 or 9×9 pixels to 36 or 81 factors
  Gather* output;         ///< as many products to 4×4 results
  Scatter* gradient;      ///< 4×4 gradients to factors, for the weight gradient
  Scatter* spread;        ///< 6×6 or 5×5 gradients to factors, for the input gradient
  Gather* spread_output;  ///< their products to 4×4 or 8×8 results
  TransformKernels* kernels;
  TransformKernelGradients* kernel_gradients;
};

/// Those of this machine for stride 1 or 2.
Transforms transforms_of(std::int64_t stride);

}  // namespace tapestry::kernels::winograd
