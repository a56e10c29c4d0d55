// The convolutions to measure.
#pragma once

#include <string>
#include <vector>

#include <tapestry/kernels/conv/conv2d.hpp>

namespace tapestry::benchmarks {

struct Layer {
  std::string name;
  kernels::Conv2dGeometry geometry;
  /// The layer is a transposed convolution: its forward is the geometry's input gradient, and vice versa.
  bool is_transposed = false;

  /// The pass over the geometry that corresponds to a pass of the layer.
  kernels::Conv2dPass pass_over_geometry(kernels::Conv2dPass pass) const;
  /// Floating-point operations of each pass by the definition: two per product of a weight and a pixel.
  double flops() const;
  /// Bytes of the images and weights of a pass, each read or written once, in f32.
  double bytes() const;
};

/// Layers of the networks of `train_step`, at batch size 128.
std::vector<Layer> layers();

}  // namespace tapestry::benchmarks
