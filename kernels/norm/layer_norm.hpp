// Layer normalization over raw memory: every row has its own mean and variance. T is float or double; all arithmetic is
// in double precision.
#pragma once

#include <cstdint>

namespace tapestry::kernels {

struct LayerNormGeometry {
  std::int64_t rows, size;  ///< size ≥ 1
  bool is_centered;         ///< if false, the mean is taken as 0
};

/// Per row the mean and inverse[row] = 1 / √(σ² + eps), and y[row][i] = (x[row][i] − mean) · inverse · weight[i] +
/// bias[i].
template <class T>
void layer_norm(const LayerNormGeometry& geometry, double eps, const T* x, const double* weight, const double* bias,
                double* mean, double* inverse, T* y);

/// The input gradient, including its part through the statistics.
template <class T>
void layer_norm_input_gradient(const LayerNormGeometry& geometry, const T* dy, const T* x, const double* weight,
                               const double* mean, const double* inverse, T* dx);

/// Elements of scratch memory that `layer_norm_weight_gradients` needs.
template <class T>
std::int64_t layer_norm_scratch(const LayerNormGeometry& geometry);

/// sums[0][i] = Σ dy and sums[1][i] = Σ dy · (x − mean) · inverse over the rows.
template <class T>
void layer_norm_weight_gradients(const LayerNormGeometry& geometry, const T* dy, const T* x, const double* mean,
                                 const double* inverse, double* sums, double* scratch);

}  // namespace tapestry::kernels
