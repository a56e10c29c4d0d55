// The gradient of a ReLU and its sums per channel, which are those of a bias before it, in one pass over raw memory:
// data is [row][channel].
#pragma once

#include <cstdint>

namespace tapestry::kernels {

/// Doubles of scratch memory that `relu_gradient` needs.
std::int64_t relu_gradient_scratch(std::int64_t rows, std::int64_t channels);

/// dx = dy where y, the output of the ReLU, is above 0 or NaN, and 0 elsewhere; sums[channel] = Σ dx, in doubles. dx
/// may be dy.
template <class T>
void relu_gradient(std::int64_t rows, std::int64_t channels, const T* dy, const T* y, T* dx, double* sums,
                   double* scratch);

}  // namespace tapestry::kernels
