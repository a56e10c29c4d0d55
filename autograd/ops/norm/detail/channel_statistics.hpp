// Sums and moments per sample and channel, over raw memory.
#pragma once

#include <cstdint>
#include <optional>

#include <tapestry/autograd/ops/norm/detail/statistics.hpp>
#include <tapestry/kernels/norm/channel_norm.hpp>

namespace tapestry::detail {

/// The numbers of a `kernels::ChannelAffine` in the dtype of what is normalised.
class AffineNumbers {
 public:
  AffineNumbers() = default;
  /// All of one size.
  AffineNumbers(DType dtype, const Channels& mean, const Channels& scale, const Channels& bias);

  template <class T>
  kernels::ChannelAffine<T> affine(std::optional<double> relu_bound) const;

 private:
  Array numbers_;  ///< (4, channels)
};

/// The sums of `kernels::channel_norm_gradient_sums`, numbered sample · channels + channel.
struct ChannelSums {
  Channels first, product;
};

template <class T>
ChannelSums gradient_sums(const kernels::ChannelNormGeometry& geometry, const T* dy, const T* x,
                          const kernels::ChannelAffine<T>& affine);

/// The sums and g of `kernels::channel_norm_add_relu_gradient`.
template <class T>
ChannelSums add_relu_gradient(const kernels::ChannelNormGeometry& geometry, const T* dy, const T* y, const T* x,
                              const kernels::ChannelAffine<T>& affine, T* g);

struct ChannelMoments {
  Channels mean;
  Channels variance;  ///< divided by n
};

/// Per sample and group of `per_group` neighbouring channels: with s a value of the group, μ = s + Σ(x − s)/n and
/// σ² = Σ(x − s)²/n − (μ − s)².
template <class T>
ChannelMoments channel_moments(const kernels::ChannelNormGeometry& geometry, const T* x, std::int64_t per_group = 1);

}  // namespace tapestry::detail
