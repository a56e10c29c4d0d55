#include <algorithm>

#include <tapestry/autograd/ops/norm/detail/channel_statistics.hpp>

namespace tapestry::detail {

using kernels::ChannelGeometry;

namespace {

/// Both sums that `add_up(sums, scratch)` writes.
template <class T, class AddUp>
ChannelSums both_sums(const ChannelGeometry& geometry, const AddUp& add_up) {
  Array scratch = Array::empty({kernels::channel_norm_scratch<T>(geometry)}, DType::f64);
  const auto channels = static_cast<std::size_t>(geometry.channels);
  const std::size_t count = static_cast<std::size_t>(geometry.samples) * channels;
  Channels sums(2 * count);
  add_up(sums.data(), scratch.mutable_data<double>());
  const auto of_kind = [&](std::size_t kind) {
    return per_channel(count,
                       [&](std::size_t i) { return sums[(2 * (i / channels) + kind) * channels + i % channels]; });
  };
  return {.first = of_kind(0), .product = of_kind(1)};
}

}  // namespace

template <class T>
ChannelSums gradient_sums(const ChannelGeometry& geometry, const T* dy, const T* x,
                          const kernels::ChannelAffine<T>& affine, kernels::ActivationKind rectifier) {
  return both_sums<T>(geometry, [&](double* sums, double* scratch) {
    kernels::channel_norm_gradient_sums(geometry, dy, x, affine, rectifier, sums, scratch);
  });
}

template <class T>
ChannelSums activation_sums(const ChannelGeometry& geometry, const T* dy, const kernels::ActivationSource<T>& source,
                            const T* x, const kernels::ChannelAffine<T>& affine, T* g) {
  return both_sums<T>(geometry, [&](double* sums, double* scratch) {
    kernels::channel_norm_activation_sums(geometry, dy, source, x, affine, g, sums, scratch);
  });
}

template <class T>
ChannelMoments channel_moments(const ChannelGeometry& geometry, const T* x, std::int64_t per_group) {
  const auto size = static_cast<std::size_t>(per_group);
  const auto channels = static_cast<std::size_t>(geometry.channels);
  const auto n = static_cast<double>(geometry.rows * per_group);
  const auto sample_size = static_cast<std::size_t>(geometry.rows) * channels;
  const auto count = static_cast<std::size_t>(geometry.samples) * channels;
  // The first value of every group, for all of its channels.
  const Channels shift = per_channel(count, [&](std::size_t i) {
    return static_cast<double>(x[i / channels * sample_size + i % channels / size * size]);
  });
  const ChannelSums sums = both_sums<T>(geometry, [&](double* into, double* scratch) {
    kernels::channel_norm_sums(geometry, x, shift.data(), into, scratch);
  });
  const auto mean_of_group = [&](const Channels& values, std::size_t group) {
    double total = 0;
    for (std::size_t c = 0; c < size; ++c) total += values[group * size + c];
    return total / n;
  };
  ChannelMoments moments;
  for (std::size_t group = 0; group < count / size; ++group) {
    const double offset = mean_of_group(sums.first, group);
    const double variance = mean_of_group(sums.product, group) - offset * offset;
    moments.mean.push_back(shift[group * size] + offset);
    moments.variance.push_back(variance < 0 ? 0 : variance);
  }
  return moments;
}

#define TAPESTRY_INSTANTIATE(T)                                                                                    \
  template ChannelSums gradient_sums(const ChannelGeometry&, const T*, const T*, const kernels::ChannelAffine<T>&, \
                                     kernels::ActivationKind);                                                     \
  template ChannelSums activation_sums(const ChannelGeometry&, const T*, const kernels::ActivationSource<T>&,      \
                                       const T*, const kernels::ChannelAffine<T>&, T*);                            \
  template ChannelMoments channel_moments(const ChannelGeometry&, const T*, std::int64_t)
TAPESTRY_INSTANTIATE(float);
TAPESTRY_INSTANTIATE(double);
#undef TAPESTRY_INSTANTIATE

}  // namespace tapestry::detail
