// Normalisation with statistics per channel over raw memory: sums per channel, and passes over the elements. Data is
// x[sample][row][channel], every sample with statistics of its own: images in channels-last memory are one sample of
// N · H · W rows for batch norm, and N samples of H · W rows for group and instance norm. Numbers per channel are
// [sample][channel]. T is float or double; all arithmetic is in double precision.
#pragma once

#include <cstdint>

namespace tapestry::kernels {

struct ChannelNormGeometry {
  std::int64_t samples, rows, channels;
};

/// Elements of scratch memory that `channel_norm_sums` needs.
template <class T>
std::int64_t channel_norm_scratch(const ChannelNormGeometry& geometry);

/// Per sample and channel, sums[sample][0][channel] = Σ f and sums[sample][1][channel] = Σ f · (x − centre) over the
/// rows, where f is dy or, when `dy` is null, x − centre.
template <class T>
void channel_norm_sums(const ChannelNormGeometry& geometry, const T* dy, const T* x, const double* centre, double* sums,
                       double* scratch);

/// y = (x − mean) · scale + bias.
template <class T>
void channel_norm_apply(const ChannelNormGeometry& geometry, const T* x, const double* mean, const double* scale,
                        const double* bias, T* y);

/// dx = dy · scale − (x − mean) · slope − offset.
template <class T>
void channel_norm_input_gradient(const ChannelNormGeometry& geometry, const T* dy, const T* x, const double* mean,
                                 const double* scale, const double* slope, const double* offset, T* dx);

}  // namespace tapestry::kernels
