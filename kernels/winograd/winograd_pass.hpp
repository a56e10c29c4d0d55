// The forward pass and the input gradient of Winograd's convolution are the same computation on different data: tiles
// of a source become tiles of a target. At stride 1 the input gradient is the convolution of the output gradient with
// the kernel turned by 180 degrees, padded by 2 − pad; at stride 2 every gradient spreads over two pixels of either
// parity.
#pragma once

#include <algorithm>
#include <cstdint>

#include <tapestry/kernels/conv/conv2d.hpp>
#include <tapestry/kernels/conv/conv2d_products.hpp>
#include <tapestry/kernels/winograd/winograd_tiles.hpp>

namespace tapestry::kernels::winograd {

/// The location of the weight of a source and a target channel.
struct KernelLayout {
  std::int64_t source_stride, target_stride;
  bool is_turned;
};

struct Pass {
  Tiling tiling;
  int axis_factors;  ///< of a tile
  Scatter* scatter;
  Gather* gather;
  TransformKernels* transform_kernels;
  KernelLayout kernel;
  Conv2dGeometry geometry;

  int factors() const { return axis_factors * axis_factors; }
  std::int64_t source_channels() const { return tiling.source.images.channels; }
  std::int64_t target_channels() const { return tiling.target.images.channels; }
  /// The matrix of weights of one factor.
  Panels panels() const {
    return {.lanes = vector_lanes<float>(), .depth = source_channels(), .channels = target_channels()};
  }
};

Pass forward_pass(const Conv2dGeometry& geometry);
Pass input_gradient_pass(const Conv2dGeometry& geometry);

/// The factor of the kernels that multiplies a factor of a tile. At stride 2 the last one of an axis multiplies four.
inline int kernel_of(const Pass& pass, int factor) {
  const int row = factor / pass.axis_factors, column = factor % pass.axis_factors;
  return std::min(row, axis_kernels - 1) * axis_kernels + std::min(column, axis_kernels - 1);
}

/// The inverse along an axis: the factors of a tile that the factor `kernel` of the kernels multiplies.
inline Range axis_factors_of(const Pass& pass, int kernel) {
  return {.begin = kernel, .end = kernel == axis_kernels - 1 ? pass.axis_factors : kernel + 1};
}

/// Transforms the kernels of a panel's target channels and the source channels [begin, end): factor f of those of
/// source channel c goes to target[f · plane + c · width of the panel].
void transform_panel(const Pass& pass, std::int64_t panel, std::int64_t begin, std::int64_t end, const float* weight,
                     float* target, std::int64_t plane);

/// Computes the results of a tile in the target channels [first, first + channels) by the definition.
void compute_plainly(const Pass& pass, std::int64_t tile, std::int64_t first, std::int64_t channels,
                     const float* source, const float* weight, const Finish& finish, float* target);

}  // namespace tapestry::kernels::winograd
