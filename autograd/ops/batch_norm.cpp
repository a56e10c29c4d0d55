#include <cmath>
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic.hpp>
#include <tapestry/autograd/ops/channel_statistics.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/normalization.hpp>
#include <tapestry/autograd/ops/reduction.hpp>
#include <tapestry/autograd/ops/shape.hpp>
#include <tapestry/autograd/ops/statistics.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/channel_norm.hpp>

namespace tapestry {
namespace {

using detail::ChannelMoments;
using detail::Channels;
using detail::ChannelSums;
using detail::per_channel;
using detail::to_channels;
using kernels::ChannelNormGeometry;

constexpr auto channels_last = MemoryFormat::channels_last;

/// The whole batch as one sample.
ChannelNormGeometry geometry_of(const Array& x) {
  return {.samples = 1, .rows = x.size(0) * x.size(2) * x.size(3), .channels = x.size(1)};
}

/// Of images.
struct BatchNorm {
  static constexpr std::string_view name = "batch_norm";
  Array running_mean_, running_var_;
  bool uses_batch_;  ///< the statistics are those of the batch, so that the gradient flows through them
  bool updates_running_;
  BatchNormOptions options_;
  SavedTensor x_ = {}, weight_ = {};
  Channels mean_ = {}, inverse_deviation_ = {};

  Array forward(const Tensor& x, const Tensor& weight, const Tensor& bias) {
    if (weight.requires_grad() || (uses_batch_ && x.requires_grad())) x_ = SavedTensor(x);
    if (x.requires_grad() && weight.defined()) weight_ = SavedTensor(weight);
    const Array image = x.array().contiguous(channels_last);
    const ChannelNormGeometry geometry = geometry_of(image);
    Array y = Array::empty(x.shape(), x.dtype(), channels_last);
    visit_floating(name, x.dtype(), [&]<class T>() {
      const ChannelMoments moments = uses_batch_
                                         ? detail::channel_moments<T>(geometry, image.data<T>())
                                         : ChannelMoments{to_channels(running_mean_), to_channels(running_var_)};
      if (updates_running_) {
        const auto n = static_cast<double>(geometry.rows);
        const Channels unbiased =
            per_channel(moments.variance.size(), [&](std::size_t c) { return n / (n - 1) * moments.variance[c]; });
        detail::update_running_statistics(name, running_mean_, running_var_, moments.mean, unbiased, options_.momentum);
      }
      mean_ = moments.mean;
      inverse_deviation_ =
          per_channel(mean_.size(), [&](std::size_t c) { return 1 / std::sqrt(moments.variance[c] + options_.eps); });
      const Channels shift = bias.defined() ? to_channels(bias.array()) : Channels(mean_.size(), 0.0);
      kernels::channel_norm_apply(geometry, image.data<T>(), mean_.data(),
                                  scale_by(weight.defined() ? weight.array() : Array()).data(), shift.data(),
                                  y.mutable_data<T>());
    });
    return y;
  }

  std::vector<Array> backward(const Array& gradient, const Wanted& wanted) const {
    const Array dy = gradient.contiguous(channels_last);
    return visit_floating(name, dy.dtype(), [&]<class T>() { return gradients<T>(dy, wanted); });
  }

  std::vector<Tensor> backward(const Tensor& dy, const Wanted& wanted) const;

 private:
  /// The factor of x − μ.
  Channels scale_by(const Array& weight) const {
    if (!weight.defined()) return inverse_deviation_;
    const Channels factors = to_channels(weight);
    return per_channel(factors.size(), [&](std::size_t c) { return factors[c] * inverse_deviation_[c]; });
  }

  /// With x̂ = (x − μ)/σ: dweight = Σ dy·x̂, dbias = Σ dy, and dx = weight/σ · (dy − Σdy/n − x̂ · Σ(dy·x̂)/n), where the
  /// means are absent when the statistics are constants.
  template <class T>
  std::vector<Array> gradients(const Array& dy, const Wanted& wanted) const {
    const std::size_t channels = mean_.size();
    const ChannelNormGeometry geometry = geometry_of(dy);
    const Array x = x_.defined() ? x_.array().contiguous(channels_last) : dy;
    const bool through_batch = wanted[0] && uses_batch_;
    ChannelSums sums;
    if (through_batch || wanted[1] || wanted[2]) {
      sums = detail::channel_sums<T>(geometry, dy.data<T>(), x.data<T>(), mean_);
    }
    Array dx, dweight, dbias;
    if (wanted[0]) {
      const Channels scale = scale_by(weight_.defined() ? weight_.array() : Array());
      dx = Array::empty(dy.shape(), dy.dtype(), channels_last);
      if (through_batch) {
        const auto n = static_cast<double>(geometry.rows);
        const Channels offset = per_channel(channels, [&](std::size_t c) { return scale[c] * sums.first[c] / n; });
        const Channels slope = per_channel(channels, [&](std::size_t c) {
          return scale[c] * (sums.product[c] / n * inverse_deviation_[c] * inverse_deviation_[c]);
        });
        kernels::channel_norm_input_gradient(geometry, dy.data<T>(), x.data<T>(), mean_.data(), scale.data(),
                                             slope.data(), offset.data(), dx.mutable_data<T>());
      } else {
        const Channels zero(channels, 0.0);
        kernels::channel_norm_apply(geometry, dy.data<T>(), zero.data(), scale.data(), zero.data(),
                                    dx.mutable_data<T>());
      }
    }
    const Shape shape = {dy.size(1)};
    if (wanted[1]) {
      dweight = Array::from(shape, per_channel(channels,
                                               [&](std::size_t c) { return sums.product[c] * inverse_deviation_[c]; }))
                    .to(dy.dtype());
    }
    if (wanted[2]) dbias = Array::from(shape, sums.first).to(dy.dtype());
    return {dx, dweight, dbias};
  }
};

std::vector<Tensor> BatchNorm::backward(const Tensor& dy, const Wanted& wanted) const {
  const std::vector<int> all_but_channels = {0, 2, 3};
  const Shape per_channel_shape = {1, dy.size(1), 1, 1};
  const Shape shape = {dy.size(1)};
  const Array mean = Array::from(per_channel_shape, mean_);
  const Array inverse = Array::from(per_channel_shape, inverse_deviation_);
  if (uses_batch_) {
    const detail::Normalisation normalisation = {.grouped = dy.shape(),
                                                 .axes = all_but_channels,
                                                 .affine = dy.shape(),
                                                 .weight = per_channel_shape,
                                                 .is_centred = true,
                                                 .eps = options_.eps};
    return detail::normalisation_gradients(normalisation, x_.defined() ? x_.tensor() : Tensor(),
                                           weight_.defined() ? weight_.tensor() : Tensor(), shape, dy, mean, inverse,
                                           wanted);
  }
  const Tensor slope = inverse.to(dy.dtype());
  Tensor dx, dweight, dbias;
  if (wanted[0]) dx = weight_.defined() ? slope * reshape(weight_.tensor(), per_channel_shape) * dy : slope * dy;
  if (wanted[1]) dweight = sum(dy * ((x_.tensor() - mean.to(dy.dtype())) * slope), all_but_channels);
  if (wanted[2]) dbias = sum(dy, all_but_channels);
  return {dx, dweight, dbias};
}

}  // namespace

Tensor batch_norm(const Tensor& x, const Array& running_mean, const Array& running_var, const Tensor& weight,
                  const Tensor& bias, const BatchNormOptions& options) {
  check_batch_norm_options(BatchNorm::name, options.momentum, options.eps);
  detail::check_floating(BatchNorm::name, x);
  detail::check_channel_rank(BatchNorm::name, x, 2);
  detail::check_running_statistics(BatchNorm::name, x, running_mean, running_var);
  detail::check_affine(BatchNorm::name, "weight", x, weight, {x.size(1)});
  detail::check_affine(BatchNorm::name, "bias", x, bias, {x.size(1)});
  const bool uses_batch = options.training || !running_mean.defined();
  const std::int64_t values = x.size(1) == 0 ? 0 : x.numel() / x.size(1);
  if (uses_batch && values < 2) {
    throw ValueError(
        fmt::format("{}: the statistics of a batch need at least 2 values per channel, got {} (input {})\n"
                    "hint: use a larger batch, or evaluation with running statistics",
                    BatchNorm::name, values, to_string(x.shape())));
  }
  const Tensor y = record(BatchNorm{.running_mean_ = running_mean,
                                    .running_var_ = running_var,
                                    .uses_batch_ = uses_batch,
                                    .updates_running_ = options.training && running_mean.defined(),
                                    .options_ = options},
                          detail::as_images(x), weight, bias);
  return reshape(y, x.shape());
}

}  // namespace tapestry
