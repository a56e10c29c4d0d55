// Batch normalisation over raw memory: sums per channel, and passes over the elements. Images are channels-last, which
// makes them a matrix x[row][channel] with a row per pixel. T is float or double; all arithmetic is in double
// precision.
#pragma once

#include <cstdint>

namespace tapestry::kernels {

struct BatchNormGeometry {
  std::int64_t rows;  ///< N · H · W
  std::int64_t channels;
};

/// Elements of scratch memory that `batch_norm_sums` needs.
template <class T>
std::int64_t batch_norm_scratch(const BatchNormGeometry& geometry);

/// Per channel, sums[c] = Σ f and sums[channels + c] = Σ f · (x − centre[c]) over the rows, where f is dy or, when `dy`
/// is null, x − centre[c].
template <class T>
void batch_norm_sums(const BatchNormGeometry& geometry, const T* dy, const T* x, const double* centre, double* sums,
                     double* scratch);

/// y = (x − mean) · scale + bias.
template <class T>
void batch_norm_apply(const BatchNormGeometry& geometry, const T* x, const double* mean, const double* scale,
                      const double* bias, T* y);

/// dx = (dy − offset − (x − mean) · slope) · scale.
template <class T>
void batch_norm_input_gradient(const BatchNormGeometry& geometry, const T* dy, const T* x, const double* mean,
                               const double* scale, const double* offset, const double* slope, T* dx);

}  // namespace tapestry::kernels
