// The convolutions that are measured.
#pragma once

#include <string>
#include <vector>

#include <tapestry/kernels/conv/conv2d.hpp>

namespace tapestry::benchmarks {

struct Layer {
  std::string name;
  kernels::Conv2dGeometry geometry;
  /// The layer is the transposed convolution, whose forward is the geometry's input gradient and the other way round.
  bool is_transposed = false;

  /// The pass over the geometry that a pass of the layer is.
  kernels::Conv2dPass pass_over_geometry(kernels::Conv2dPass pass) const;
  /// Floating-point operations of each pass by the definition: two for each product of a weight and a pixel.
  double flops() const;
  /// Bytes of the images and weights of a pass, each read or written once, in f32.
  double bytes() const;
};

/// Layers of the networks that `train_step` measures, at a batch of 128.
std::vector<Layer> layers();

}  // namespace tapestry::benchmarks
