// The two contestants: a pass of a convolution, ready to run again and again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <tapestry/core/array.hpp>
#include <tapestry/kernels/conv/conv2d.hpp>

namespace tapestry::benchmarks {

/// x (N, C, H, W) and dy (N, K, H′, W′) channels-last, weight (K, C / groups, kh, kw) row-major, all f32. A pass reads
/// two of them and gives the like of the third.
struct Operands {
  Array x, weight, dy;
};

/// Normal numbers.
Operands random_operands(const kernels::Conv2dGeometry& geometry);

class Convolution {
 public:
  virtual ~Convolution() = default;
  /// Runs the pass; everything but the pass itself is done when the object is made.
  virtual void run() = 0;
  /// What the last run gave, in the layout of `Operands`.
  virtual Array result() const = 0;
};

std::unique_ptr<Convolution> tapestry_convolution(const kernels::Conv2dGeometry& geometry, kernels::Conv2dPass pass,
                                                  kernels::Conv2dAlgorithm algorithm, const Operands& operands);

/// oneDNN at its best: images and weights in the layouts that it asks for, put there beforehand. By the algorithm of
/// its automatic choice and, where it has one for this convolution, by Winograd's.
std::vector<std::unique_ptr<Convolution>> onednn_convolutions(const kernels::Conv2dGeometry& geometry,
                                                              kernels::Conv2dPass pass, const Operands& operands);

std::string onednn_version();

}  // namespace tapestry::benchmarks
