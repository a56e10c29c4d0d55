#include <algorithm>

#include <tapestry/autograd/ops/norm/detail/channel_statistics.hpp>

namespace tapestry::detail {

using kernels::ChannelNormGeometry;

namespace {

/// Both sums that `add_up(sums, scratch)` writes.
template <class T, class AddUp>
ChannelSums both_sums(const ChannelNormGeometry& geometry, const AddUp& add_up) {
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

AffineNumbers::AffineNumbers(DType dtype, const Channels& mean, const Channels& scale, const Channels& bias)
    : numbers_(Array::empty({4, static_cast<std::int64_t>(mean.size())}, dtype)) {
  visit_floating("normalisation", dtype, [&]<class T>() {
    T* numbers = numbers_.mutable_data<T>();
    const auto put = [](double number) { return static_cast<T>(number); };
    const auto rest = [](double number) {
      return static_cast<T>(number - static_cast<double>(static_cast<T>(number)));
    };
    numbers = std::transform(mean.begin(), mean.end(), numbers, put);
    numbers = std::transform(mean.begin(), mean.end(), numbers, rest);
    numbers = std::transform(scale.begin(), scale.end(), numbers, put);
    std::transform(bias.begin(), bias.end(), numbers, put);
  });
}

template <class T>
kernels::ChannelAffine<T> AffineNumbers::affine(std::optional<double> relu_bound) const {
  const T* const numbers = numbers_.data<T>();
  const std::int64_t channels = numbers_.size(1);
  return {numbers, numbers + channels, numbers + 2 * channels, numbers + 3 * channels, relu_bound};
}

template <class T>
ChannelSums gradient_sums(const ChannelNormGeometry& geometry, const T* dy, const T* x,
                          const kernels::ChannelAffine<T>& affine) {
  return both_sums<T>(geometry, [&](double* sums, double* scratch) {
    kernels::channel_norm_gradient_sums(geometry, dy, x, affine, sums, scratch);
  });
}

template <class T>
ChannelSums add_relu_gradient(const ChannelNormGeometry& geometry, const T* dy, const T* y, const T* x,
                              const kernels::ChannelAffine<T>& affine, T* g) {
  return both_sums<T>(geometry, [&](double* sums, double* scratch) {
    kernels::channel_norm_add_relu_gradient(geometry, dy, y, x, affine, g, sums, scratch);
  });
}

template <class T>
ChannelMoments channel_moments(const ChannelNormGeometry& geometry, const T* x, std::int64_t per_group) {
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

template kernels::ChannelAffine<float> AffineNumbers::affine(std::optional<double>) const;
template kernels::ChannelAffine<double> AffineNumbers::affine(std::optional<double>) const;
template ChannelSums gradient_sums(const ChannelNormGeometry&, const float*, const float*,
                                   const kernels::ChannelAffine<float>&);
template ChannelSums gradient_sums(const ChannelNormGeometry&, const double*, const double*,
                                   const kernels::ChannelAffine<double>&);
template ChannelSums add_relu_gradient(const ChannelNormGeometry&, const float*, const float*, const float*,
                                       const kernels::ChannelAffine<float>&, float*);
template ChannelSums add_relu_gradient(const ChannelNormGeometry&, const double*, const double*, const double*,
                                       const kernels::ChannelAffine<double>&, double*);
template ChannelMoments channel_moments(const ChannelNormGeometry&, const float*, std::int64_t);
template ChannelMoments channel_moments(const ChannelNormGeometry&, const double*, std::int64_t);

}  // namespace tapestry::detail
