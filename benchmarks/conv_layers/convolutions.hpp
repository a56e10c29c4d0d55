// The convolutions to compare: Tapestry's and oneDNN's, prepared to run repeatedly.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <tapestry/core/array.hpp>
#include <tapestry/kernels/conv/conv2d.hpp>

namespace tapestry::benchmarks {

/// x (N, C, H, W) and dy (N, K, H′, W′) channels-last, weight (K, C / groups, kh, kw) row-major, all f32. A pass reads
/// two of them; its result has the shape and layout of the third.
struct Operands {
  Array x, weight, dy;
};

/// Standard normal random numbers.
Operands random_operands(const kernels::Conv2dGeometry& geometry);

class Convolution {
 public:
  virtual ~Convolution() = default;
  /// Runs the pass; the constructor does all preparation.
  virtual void run() = 0;
  /// The result of the last run, in the layout of `Operands`.
  virtual Array result() const = 0;
};

std::unique_ptr<Convolution> tapestry_convolution(const kernels::Conv2dGeometry& geometry, kernels::Conv2dPass pass,
                                                  kernels::Conv2dAlgorithm algorithm, const Operands& operands);

/// oneDNN's convolutions, with images and weights converted beforehand to its preferred layouts: its automatic choice
/// of algorithm and, where it supports this convolution, Winograd.
std::vector<std::unique_ptr<Convolution>> onednn_convolutions(const kernels::Conv2dGeometry& geometry,
                                                              kernels::Conv2dPass pass, const Operands& operands);

std::string onednn_version();

}  // namespace tapestry::benchmarks
