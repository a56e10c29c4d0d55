// Normalization with statistics per channel over raw memory: sums per channel, and the pass of the input gradient; the
// forward pass is `apply_epilogue`. T is float or double. Sums are in double precision, what is computed per element is
// in T.
#pragma once

#include <cstdint>

#include <tapestry/kernels/elementwise/epilogue.hpp>

namespace tapestry::kernels {

/// Doubles of scratch memory that the sums need.
template <class T>
std::int64_t channel_norm_scratch(const ChannelGeometry& geometry);

/// Per sample and channel, sums[sample][0][channel] = Σ (x − center) and sums[sample][1][channel] = Σ (x − center)²
/// over the rows. Of n rows a sum in double is off by at most n · 2⁻⁵³ times the sum of the sizes of its terms.
template <class T>
void channel_norm_sums(const ChannelGeometry& geometry, const T* x, const double* center, double* sums,
                       double* scratch);

/// True for the activations whose gradient the two functions below mask as they read it.
constexpr bool is_rectifier(ActivationKind kind) {
  return kind == ActivationKind::none || kind == ActivationKind::relu || kind == ActivationKind::relu6;
}

/// The same of Σ g and Σ g · (x − mean), where g is the gradient that a rectifier after affine(x) lets through of dy,
/// and x − mean is rounded to T.
template <class T>
void channel_norm_gradient_sums(const ChannelGeometry& geometry, const T* dy, const T* x,
                                const ChannelAffine<T>& affine, ActivationKind rectifier, double* sums,
                                double* scratch);

/// The same for any activation, which also writes g = `activation_gradient` of dy. g may be dy.
template <class T>
void channel_norm_activation_sums(const ChannelGeometry& geometry, const T* dy, const ActivationSource<T>& source,
                                  const T* x, const ChannelAffine<T>& affine, T* g, double* sums, double* scratch);

/// dx = g · scale − (x − mean) · slope − offset with g as in `channel_norm_gradient_sums`; slope and offset are null
/// for statistics that are constants: then dx = g · scale, and x, which must not be null, is read only for the
/// rectifier. dx may be dy.
template <class T>
void channel_norm_input_gradient(const ChannelGeometry& geometry, const T* dy, const T* x,
                                 const ChannelAffine<T>& affine, ActivationKind rectifier, const T* slope,
                                 const T* offset, T* dx);

}  // namespace tapestry::kernels
