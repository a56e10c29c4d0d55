// The two-dimensional transforms of Winograd's convolution (winograd_transforms-inl.hpp), tile by tile, compiled for
// every instruction set and chosen at run time. A transformed tile consists of factors per channel; each factor has
// its own plane.
#pragma once

#include <cstddef>
#include <cstdint>

#include <tapestry/kernels/elementwise/epilogue.hpp>
#include <tapestry/kernels/winograd/winograd_tiling.hpp>

namespace tapestry::kernels::winograd {

/// The number of factors of a kernel along an axis, at either stride.
inline constexpr int axis_kernels = 6;
inline constexpr int kernel_factors = axis_kernels * axis_kernels;

/// The maximum width of a panel on any machine: two vectors of 2048 bits.
inline constexpr std::size_t max_panel_width = 128;

/// The factors or products of some tiles: factor f of channel c of the i-th tile is data[f · plane + i · pitch + c].
struct Planes {
  float* data;
  std::int64_t pitch, plane;

  /// The planes from the i-th tile on.
  Planes from(std::int64_t i) const { return {data + i * pitch, pitch, plane}; }
};

/// Computes the factors of tiles from their squares of pixels. Pixels outside the image are read from `zeros`.
using Scatter = void(const Tiling& tiling, const Squares& squares, Range tiles, const float* images, const float* zeros,
                     const Planes& factors);
/// How results are stored.
struct Finish {
  const float* bias;         ///< is added to them, unless null
  Epilogue<float> epilogue;  ///< comes after it; the addend of a result at `t` is epilogue.addend[t − base]
  const float* base;
  bool streams;  ///< they bypass the caches
};
/// The first tile with an infinite or NaN result, and the number of channels before it; the end of the tiles if all
/// results are finite.
struct Stop {
  std::int64_t tile, finite;
};
/// Computes the results of tiles from the products of their first `channels` channels. Stops at a tile with a nonfinite
/// result: from its channel on, the results of that tile are undefined, but an addend in their place is unchanged.
/// Results outside the image go to `outside`.
using Gather = Stop(const Tiling& tiling, Range tiles, const Planes& products, std::int64_t channels,
                    const Finish& finish, float* images, float* outside);
/// G g Gᵀ for `count` kernels side by side, kernels[tap][kernel] with the 9 taps row by row; factor f of kernel j goes
/// to target[f · plane + j].
using TransformKernels = void(const float* kernels, std::int64_t count, float* target, std::int64_t plane);
/// The adjoint: sums[f · plane + j] to gradients[tap][kernel].
using TransformKernelGradients = void(const float* sums, std::int64_t plane, std::int64_t count, float* gradients);

/// The transforms of a convolution; side lengths are given for stride 1 and stride 2.
struct Transforms {
  Scatter* input;         ///< 6×6 or 9×9 pixels to 36 or 81 factors
  Gather* output;         ///< as many products to 4×4 results
  Scatter* gradient;      ///< 4×4 gradients to factors, for the weight gradient
  Scatter* spread;        ///< 6×6 or 5×5 gradients to factors, for the input gradient
  Gather* spread_output;  ///< their products to 4×4 or 8×8 results
  TransformKernels* kernels;
  TransformKernelGradients* kernel_gradients;
};

/// The transforms for this machine's instruction set and stride 1 or 2.
Transforms transforms_of(std::int64_t stride);

}  // namespace tapestry::kernels::winograd
