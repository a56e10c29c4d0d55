// Normalisation with statistics per channel over raw memory: sums per channel, and passes over the elements. Data is
// x[sample][row][channel], every sample with statistics of its own: images in channels-last memory are one sample of
// N · H · W rows for batch norm, and N samples of H · W rows for group and instance norm. Numbers per channel are
// [sample][channel]. T is float or double. Sums are in double precision, what is computed per element is in T.
#pragma once

#include <cstdint>
#include <optional>

namespace tapestry::kernels {

struct ChannelNormGeometry {
  std::int64_t samples, rows, channels;
};

/// y = (x − mean − mean_rest) · scale + bias with numbers per channel and, where it has a bound, a ReLU after it:
/// min(max(y, 0), relu_bound), NaN staying NaN. The gradient of the ReLU is 0 where y is not above 0, or at the bound
/// or beyond. Scale and bias may be null where nothing but the mean is read.
///
/// The rest is what T cannot hold of the mean: x − mean is exact where they are close (Sterbenz), so that y is off by
/// no more than three roundings of (x − mean) · scale and one of y however large the mean is.
template <class T>
struct ChannelAffine {
  const T* mean;
  const T* mean_rest;
  const T* scale;
  const T* bias;
  std::optional<double> relu_bound;
};

/// Elements of scratch memory that the sums need.
template <class T>
std::int64_t channel_norm_scratch(const ChannelNormGeometry& geometry);

/// Per sample and channel, sums[sample][0][channel] = Σ (x − centre) and sums[sample][1][channel] = Σ (x − centre)²
/// over the rows. Of n rows a sum in double is off by at most n · 2⁻⁵³ times the sum of the sizes of its terms.
template <class T>
void channel_norm_sums(const ChannelNormGeometry& geometry, const T* x, const double* centre, double* sums,
                       double* scratch);

/// The same of Σ g and Σ g · (x − mean), where g is what the ReLU lets through of dy, or dy itself without one, and
/// x − mean is rounded to T.
template <class T>
void channel_norm_gradient_sums(const ChannelNormGeometry& geometry, const T* dy, const T* x,
                                const ChannelAffine<T>& affine, double* sums, double* scratch);

/// y as `affine` says.
template <class T>
void channel_norm_apply(const ChannelNormGeometry& geometry, const T* x, const ChannelAffine<T>& affine, T* y);

/// The same, to the last bit, of some rows of one sample, in the calling thread and into memory that is read at once.
template <class T>
void channel_norm_apply_rows(std::int64_t rows, std::int64_t channels, const T* x, const ChannelAffine<T>& affine,
                             T* y);

/// y = max((x − mean) · scale + bias + residual, 0), NaN staying NaN.
template <class T>
void channel_norm_add_relu(const ChannelNormGeometry& geometry, const T* x, const T* residual,
                           const ChannelAffine<T>& affine, T* y);

/// Its gradient up to the sum: g = dy where y is above 0 or NaN, and 0 elsewhere; and Σ g and Σ g · (x − mean) as
/// `channel_norm_gradient_sums` gives them. g may be dy.
template <class T>
void channel_norm_add_relu_gradient(const ChannelNormGeometry& geometry, const T* dy, const T* y, const T* x,
                                    const ChannelAffine<T>& affine, T* g, double* sums, double* scratch);

/// dx = g · scale − (x − mean) · slope − offset with g as above; slope and offset are null for statistics that are
/// constants: then dx = g · scale, and x, which must not be null, is read only for a ReLU. dx may be dy.
template <class T>
void channel_norm_input_gradient(const ChannelNormGeometry& geometry, const T* dy, const T* x,
                                 const ChannelAffine<T>& affine, const T* slope, const T* offset, T* dx);

}  // namespace tapestry::kernels
