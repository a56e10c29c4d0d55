// Sums per channel, optionally of the gradient of an activation: the gradients of a bias and of the activation after
// it.
#pragma once

#include <cstdint>

#include <tapestry/kernels/elementwise/epilogue.hpp>

namespace tapestry::kernels {

/// Doubles of scratch memory that the sums of `rows` × `channels` values need.
std::int64_t channel_sums_scratch(std::int64_t rows, std::int64_t channels);

/// sums[c] = Σ x[row][c]
template <class T>
void channel_sums(std::int64_t rows, std::int64_t channels, const T* x, double* sums, double* scratch);

/// `activation_gradient` and, in the same pass over memory and with the same bits, the `channel_sums` of dx.
template <class T>
void activation_gradient_sums(std::int64_t rows, std::int64_t channels, const T* dy, const ActivationSource<T>& source,
                              T* dx, double* sums, double* scratch);

}  // namespace tapestry::kernels
