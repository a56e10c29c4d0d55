// The two-dimensional transforms of Winograd's convolution (winograd_transforms-inl.hpp), tile by tile, compiled for
// every instruction set and chosen at run time. Transformed, a tile is some factors per channel, each in a plane of its
// own: factor f of channel c lies at f · plane + c.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tapestry::kernels::winograd {

/// No tile has more pixels or factors along an axis.
inline constexpr int max_side = 9;

/// Along an axis a kernel has six factors, at either stride.
inline constexpr int axis_kernels = 6;
inline constexpr int kernel_factors = axis_kernels * axis_kernels;

/// No panel of the products is wider, on any machine: two vectors of 2048 bits.
inline constexpr std::size_t max_panel_width = 128;

/// A square of pixels, some of which may lie outside their image: those of whole rows, which then are rows of memory
/// for that purpose, and those of whole columns.
template <class T>
struct Square {
  T* rows[max_side];          ///< where the first column inside the image lies in each row
  std::int64_t step;          ///< elements from a pixel to the next in its row
  int begin;                  ///< the first column inside the image
  std::uint32_t columns = 0;  ///< a bit for each column inside the image
};

/// Pixels outside the image are zeros.
using Scatter = void(const Square<const float>& pixels, std::int64_t channels, float* target, std::int64_t plane);
/// What becomes of results.
struct Finish {
  const float* bias;  ///< is added to them, unless null
  bool relu;          ///< makes those below 0 zeros
  bool adds;          ///< they are added to what is there, with neither of these
  bool streams;       ///< they bypass the caches
};
/// Returns the number of channels whose results are all finite, from the first on. Of those after them, what should
/// have been added has not.
using Gather = std::int64_t(const float* products, std::int64_t plane, std::int64_t channels, const Finish& finish,
                            const Square<float>& pixels);
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
