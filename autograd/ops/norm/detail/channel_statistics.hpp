// Sums and moments per sample and channel, over raw memory.
#pragma once

#include <cstdint>

#include <tapestry/autograd/ops/norm/detail/statistics.hpp>
#include <tapestry/kernels/norm/channel_norm.hpp>

namespace tapestry::detail {

/// The sums of `kernels::channel_norm_gradient_sums`, numbered sample · channels + channel.
struct ChannelSums {
  Channels first, product;
};

template <class T>
ChannelSums gradient_sums(const kernels::ChannelGeometry& geometry, const T* dy, const T* x,
                          const kernels::ChannelAffine<T>& affine,
                          kernels::ActivationKind rectifier = kernels::ActivationKind::none);

/// The sums and g of `kernels::channel_norm_activation_sums`.
template <class T>
ChannelSums activation_sums(const kernels::ChannelGeometry& geometry, const T* dy,
                            const kernels::ActivationSource<T>& source, const T* x,
                            const kernels::ChannelAffine<T>& affine, T* g);

struct ChannelMoments {
  Channels mean;
  Channels variance;  ///< divided by n
};

/// Per sample and group of `per_group` adjacent channels: with s a value of the group, μ = s + Σ(x − s)/n and σ² = Σ(x
/// − s)²/n − (μ − s)².
template <class T>
ChannelMoments channel_moments(const kernels::ChannelGeometry& geometry, const T* x, std::int64_t per_group = 1);

}  // namespace tapestry::detail
