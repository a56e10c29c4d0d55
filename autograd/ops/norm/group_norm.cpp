// group_norm, and instance_norm as one group per channel.
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/norm/detail/channel_statistics.hpp>
#include <tapestry/autograd/ops/norm/detail/statistics.hpp>
#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/norm/channel_norm.hpp>

namespace tapestry {
namespace {

using detail::ChannelMoments;
using detail::Channels;
using detail::ChannelSums;
using detail::per_channel;
using kernels::ChannelGeometry;

using MemoryFormat::channels_last;

/// Every image is one sample.
ChannelGeometry geometry_of(const Array& x) {
  return {.samples = x.size(0), .rows = x.size(2) * x.size(3), .channels = x.size(1)};
}

/// The running statistics to update, if any.
struct Running {
  Array mean, var;
  double momentum = 0;
};

/// Updates the running statistics with the averages over the samples.
void update(std::string_view operation, const Running& running, const ChannelMoments& moments,
            const ChannelGeometry& geometry) {
  if (!running.mean.defined() || geometry.samples == 0) return;
  const auto channels = static_cast<std::size_t>(geometry.channels);
  const auto averages = [&](const Channels& values, double factor) {
    Channels result(channels, 0.0);
    for (std::size_t i = 0; i < values.size(); ++i)
      result[i % channels] += factor * values[i] / static_cast<double>(geometry.samples);
    return result;
  };
  const auto n = static_cast<double>(geometry.rows);
  detail::update_running_statistics(operation, running.mean, running.var, averages(moments.mean, 1),
                                    averages(moments.variance, n / (n - 1)), running.momentum);
}

/// The values per channel; `otherwise` for every channel if they are undefined.
Channels factors(const Array& values, std::int64_t channels, double otherwise) {
  return values.defined() ? detail::to_channels(values) : Channels(static_cast<std::size_t>(channels), otherwise);
}

Array array_of(const Tensor& x) {
  return x.defined() ? x.array() : Array();
}

/// The normalization of images. Values per group are indexed by sample · groups + group, values per channel by
/// sample · channels + channel.
template <bool is_instance>
struct GroupNorm {
  static constexpr std::string_view name = is_instance ? "instance_norm" : "group_norm";
  std::int64_t groups_;
  double eps_;
  Running running_ = {};
  SavedTensor x_ = {}, weight_ = {};
  Channels mean_ = {}, inverse_deviation_ = {};  ///< per group

  Array forward(const Tensor& x, const Tensor& weight, const Tensor& bias) {
    if (x.requires_grad() || weight.requires_grad()) x_ = SavedTensor(x);
    if (x.requires_grad() && weight.defined()) weight_ = SavedTensor(weight);
    const Array image = x.array().contiguous(channels_last);
    const ChannelGeometry geometry = geometry_of(image);
    Array y = Array::empty(x.shape(), x.dtype(), channels_last);
    visit_floating(name, x.dtype(), [&]<class T>() {
      const ChannelMoments moments = detail::channel_moments<T>(geometry, image.data<T>(), geometry.channels / groups_);
      update(name, running_, moments, geometry);
      mean_ = moments.mean;
      inverse_deviation_ =
          per_channel(mean_.size(), [&](std::size_t i) { return 1 / std::sqrt(moments.variance[i] + eps_); });
      const Channels scale = factors(array_of(weight), geometry.channels, 1);
      const Channels shift = factors(array_of(bias), geometry.channels, 0);
      const detail::ChannelNumbers numbers = affine_numbers(geometry, x.dtype(), scale, shift);
      kernels::apply_epilogue(geometry, image.data<T>(), {.affine = numbers.affine<T>()}, y.mutable_data<T>());
    });
    return y;
  }

  std::vector<Array> backward(const Array& gradient, const Wanted& wanted) const {
    const Array dy = gradient.contiguous(channels_last);
    return visit_floating(name, dy.dtype(), [&]<class T>() { return gradients<T>(dy, wanted); });
  }

  std::vector<Tensor> backward(const Tensor& dy, const Wanted& wanted) const {
    const Shape& s = dy.shape();
    const std::int64_t pixels = s[2] * s[3];
    const Shape statistics = {s[0], groups_, 1};
    const detail::Normalization normalization = {.grouped = {s[0], groups_, s[1] / groups_ * pixels},
                                                 .axes = {2},
                                                 .affine = {s[0], s[1], pixels},
                                                 .weight = {1, s[1], 1},
                                                 .is_centered = true,
                                                 .eps = eps_};
    return detail::normalization_gradients(
        normalization, x_.defined() ? x_.tensor() : Tensor(), weight_.defined() ? weight_.tensor() : Tensor(), {s[1]},
        dy, Array::from(statistics, mean_), Array::from(statistics, inverse_deviation_), wanted);
  }

 private:
  /// f(channel, group) per channel of every sample.
  template <class T, class F>
  std::vector<T> spread(const ChannelGeometry& geometry, const F& f) const {
    const auto channels = static_cast<std::size_t>(geometry.channels);
    const std::size_t per_group = channels / static_cast<std::size_t>(groups_);
    std::vector<T> result(channels * static_cast<std::size_t>(geometry.samples));
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = static_cast<T>(f(i % channels, i / per_group));
    return result;
  }

  detail::ChannelNumbers affine_numbers(const ChannelGeometry& geometry, DType dtype, const Channels& weight,
                                        const Channels& bias) const {
    return {dtype, spread<double>(geometry, [&](auto, auto group) { return mean_[group]; }),
            spread<double>(geometry, [&](auto c, auto group) { return weight[c] * inverse_deviation_[group]; }),
            spread<double>(geometry, [&](auto c, auto) { return bias[c]; })};
  }

  /// With x̂ = (x − μ)/σ: dweight = Σ dy·x̂, dbias = Σ dy, and, means taken over a group,
  /// dx = 1/σ · (dy·weight − mean(dy·weight) − x̂ · mean(dy·weight·x̂)).
  template <class T>
  std::vector<Array> gradients(const Array& dy, const Wanted& wanted) const {
    const ChannelGeometry geometry = geometry_of(dy);
    const auto channels = static_cast<std::size_t>(geometry.channels);
    const std::size_t per_group = channels / static_cast<std::size_t>(groups_);
    const Array x = x_.defined() ? x_.array().contiguous(channels_last) : dy;
    const Channels weight = factors(weight_.defined() ? weight_.array() : Array(), geometry.channels, 1);
    const detail::ChannelNumbers numbers = affine_numbers(geometry, dy.dtype(), weight, Channels(channels, 0.0));
    const kernels::ChannelAffine<T> affine = numbers.affine<T>();
    const ChannelSums sums = detail::gradient_sums(geometry, dy.data<T>(), x.data<T>(), affine);
    Array dx;
    if (wanted[0]) {
      const auto n = static_cast<double>(geometry.rows) * static_cast<double>(per_group);
      Channels offset(mean_.size(), 0.0), slope(mean_.size(), 0.0);
      for (std::size_t i = 0; i < sums.first.size(); ++i) {
        const std::size_t group = i / per_group;
        const double inverse = inverse_deviation_[group];
        offset[group] += weight[i % channels] * inverse * sums.first[i] / n;
        slope[group] += weight[i % channels] * inverse * (sums.product[i] / n * inverse * inverse);
      }
      dx = Array::empty(dy.shape(), dy.dtype(), channels_last);
      kernels::channel_norm_input_gradient(geometry, dy.data<T>(), x.data<T>(), affine, kernels::ActivationKind::none,
                                           spread<T>(geometry, [&](auto, auto group) { return slope[group]; }).data(),
                                           spread<T>(geometry, [&](auto, auto group) { return offset[group]; }).data(),
                                           dx.mutable_data<T>());
    }
    Channels dweight(channels, 0.0), dbias(channels, 0.0);
    for (std::size_t i = 0; i < sums.first.size(); ++i) {
      dweight[i % channels] += sums.product[i] * inverse_deviation_[i / per_group];
      dbias[i % channels] += sums.first[i];
    }
    const auto to_array = [&](const Channels& values) { return Array::from({dy.size(1)}, values).to(dy.dtype()); };
    return {dx, wanted[1] ? to_array(dweight) : Array(), wanted[2] ? to_array(dbias) : Array()};
  }
};

void check_values(std::string_view operation, std::string_view unit, std::int64_t values, const Tensor& x) {
  if (values < 2) {
    throw ValueError(fmt::format("{}: expected at least 2 values per {}, got {} (input {})", operation, unit, values,
                                 to_string(x.shape())));
  }
}

std::int64_t pixels_of(const Tensor& x) {
  std::int64_t pixels = 1;
  for (int axis = 2; axis < x.rank(); ++axis) pixels *= x.size(axis);
  return pixels;
}

}  // namespace

Tensor group_norm(const Tensor& x, std::int64_t num_groups, const Tensor& weight, const Tensor& bias, double eps) {
  constexpr std::string_view name = "group_norm";
  check_eps(name, eps);
  check_positive(name, "num_groups", num_groups);
  detail::check_floating(name, x);
  detail::check_channel_rank(name, x, 2);
  if (x.size(1) % num_groups != 0) {
    throw ShapeError(fmt::format("{}: num_groups {} does not divide the {} channels of {}", name, num_groups, x.size(1),
                                 to_string(x.shape())));
  }
  detail::check_affine(name, "weight", x, weight, {x.size(1)});
  detail::check_affine(name, "bias", x, bias, {x.size(1)});
  check_values(name, "group", x.size(1) / num_groups * pixels_of(x), x);
  const Tensor y = record(GroupNorm<false>{.groups_ = num_groups, .eps_ = eps}, detail::as_images(x), weight, bias);
  return reshape(y, x.shape());
}

Tensor instance_norm(const Tensor& x, const Array& running_mean, const Array& running_var, const Tensor& weight,
                     const Tensor& bias, const InstanceNormOptions& options) {
  constexpr std::string_view name = "instance_norm";
  check_batch_norm_options(name, options.momentum, options.eps);
  detail::check_floating(name, x);
  detail::check_channel_rank(name, x, 3);
  detail::check_running_statistics(name, x, running_mean, running_var);
  detail::check_affine(name, "weight", x, weight, {x.size(1)});
  detail::check_affine(name, "bias", x, bias, {x.size(1)});
  if (!options.use_input_stats) {
    if (!running_mean.defined()) {
      throw ValueError(fmt::format("{}: running statistics are required when use_input_stats is false", name));
    }
    return batch_norm(x, running_mean, running_var, weight, bias, {.training = false, .eps = options.eps});
  }
  check_values(name, "channel of a sample", pixels_of(x), x);
  if (x.size(1) == 0)
    throw ShapeError(fmt::format("{}: expected an input with channels, got {}", name, to_string(x.shape())));
  const Tensor y = record(
      GroupNorm<true>{
          .groups_ = x.size(1), .eps_ = options.eps, .running_ = {running_mean, running_var, options.momentum}},
      detail::as_images(x), weight, bias);
  return reshape(y, x.shape());
}

}  // namespace tapestry
