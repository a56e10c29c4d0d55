// Normalization with statistics per channel over raw memory: sums per channel and the input gradient; the forward pass
// is `apply_epilogue`. T is float or double. Sums are in double precision, elements in T.
#pragma once

#include <cstdint>

#include <tapestry/kernels/elementwise/epilogue.hpp>

namespace tapestry::kernels {

/// The number of doubles of scratch memory that the sums need.
template <class T>
std::int64_t channel_norm_scratch(const ChannelGeometry& geometry);

/// Per sample and channel, sums[sample][0][channel] = Σ (x − center) and sums[sample][1][channel] = Σ (x − center)²
/// over the rows. The error of a sum over n rows is at most n · 2⁻⁵³ times the sum of the magnitudes of its terms.
template <class T>
void channel_norm_sums(const ChannelGeometry& geometry, const T* x, const double* center, double* sums,
                       double* scratch);

/// `channel_norm_sums` of g and g · (x − mean), where g is the gradient dy masked by a rectifier after affine(x), and
/// x − mean is rounded to T.
template <class T>
void channel_norm_gradient_sums(const ChannelGeometry& geometry, const T* dy, const T* x,
                                const ChannelAffine<T>& affine, ActivationKind rectifier, double* sums,
                                double* scratch);

/// `channel_norm_gradient_sums` for any activation; also writes g = `activation_gradient` of dy. g may be dy.
template <class T>
void channel_norm_activation_sums(const ChannelGeometry& geometry, const T* dy, const ActivationSource<T>& source,
                                  const T* x, const ChannelAffine<T>& affine, T* g, double* sums, double* scratch);

/// dx = g · scale − (x − mean) · slope − offset with g as in `channel_norm_gradient_sums`. For constant statistics,
/// slope and offset are null: then dx = g · scale, and x, which must not be null, is read only for the rectifier. dx
/// may be dy.
template <class T>
void channel_norm_input_gradient(const ChannelGeometry& geometry, const T* dy, const T* x,
                                 const ChannelAffine<T>& affine, ActivationKind rectifier, const T* slope,
                                 const T* offset, T* dx);

}  // namespace tapestry::kernels
