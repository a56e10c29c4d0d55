#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/detail/lazy_activation_gradient.hpp>
#include <tapestry/autograd/detail/lazy_elementwise.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/norm/detail/channel_statistics.hpp>
#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

using detail::Channels;
using detail::ChannelSums;
using detail::per_channel;
using kernels::ActivationKind;

/// The memory format in which the channels of a batch (N, C, H, W) or (N, C) run fastest.
MemoryFormat format_of(const Tensor& x) {
  return x.rank() == 4 ? MemoryFormat::channels_last : MemoryFormat::row_major;
}

/// Of batches (N, C, H, W) or (N, C).
struct BatchNorm {
  static constexpr std::string_view name = "batch_norm";
  Array running_mean_, running_var_;
  bool uses_batch_;  ///< the statistics are those of the batch, so that the gradient flows through them
  bool updates_running_;
  double momentum_, eps_;
  SavedTensor x_ = {}, weight_ = {};
  Channels inverse_deviation_ = {}, mean_ = {};
  std::shared_ptr<const detail::ChannelNumbers> numbers_ = nullptr;

  Tensor forward(const Tensor& x, const Tensor& weight, const Tensor& bias) {
    const bool differentiates_x = x.requires_grad() && grad_enabled();
    if (weight.requires_grad() || bias.requires_grad() || (uses_batch_ && differentiates_x)) x_ = SavedTensor(x);
    if (differentiates_x && weight.defined()) weight_ = SavedTensor(weight);
    const MemoryFormat format = format_of(x);
    const bool is_in_order = x.format() == format;
    const Tensor batch = is_in_order ? x : Tensor(x.array().contiguous(format));
    const detail::ChannelMoments moments = statistics(batch);
    mean_ = moments.mean;
    inverse_deviation_ =
        per_channel(mean_.size(), [&](std::size_t c) { return 1 / std::sqrt(moments.variance[c] + eps_); });
    const Channels shift = bias.defined() ? detail::to_channels(bias.array()) : Channels(mean_.size(), 0.0);
    numbers_ = std::make_shared<detail::ChannelNumbers>(x.dtype(), mean_,
                                                        scale(weight.defined() ? weight.array() : Array()), shift);
    const auto before = x.lazy_value();
    const bool is_kept = x_.defined() && is_in_order && grad_enabled() && !(before && before->is_recomputed());
    return detail::lazy_affine(name, batch, numbers_, is_kept);
  }

  std::vector<Tensor> backward(Tensor gradient, const Wanted& wanted) const {
    return grad_enabled() ? recorded_gradients(gradient, wanted) : gradients(std::move(gradient), wanted);
  }

 private:
  /// The statistics to normalize by; those of the batch go into the running ones.
  detail::ChannelMoments statistics(const Tensor& batch) const {
    if (!uses_batch_) return {detail::to_channels(running_mean_), detail::to_channels(running_var_)};
    const Array& x = batch.array();
    const kernels::ChannelGeometry geometry = detail::rows_of(x);
    detail::ChannelMoments moments =
        visit_floating(name, x.dtype(), [&]<class T>() { return detail::channel_moments<T>(geometry, x.data<T>()); });
    if (updates_running_) {
      const auto n = static_cast<double>(geometry.rows);
      const Channels unbiased =
          per_channel(moments.variance.size(), [&](std::size_t c) { return n / (n - 1) * moments.variance[c]; });
      detail::update_running_statistics(name, running_mean_, running_var_, moments.mean, unbiased, momentum_);
    }
    return moments;
  }

  /// The factor of x − μ.
  Channels scale(const Array& factors) const {
    if (!factors.defined()) return inverse_deviation_;
    const Channels weights = detail::to_channels(factors);
    return per_channel(weights.size(), [&](std::size_t c) { return weights[c] * inverse_deviation_[c]; });
  }

  /// The gradient that comes in, and where the input gradient goes.
  struct Incoming {
    Array dy;
    ActivationKind rectifier = ActivationKind::none;  ///< of which dy is the gradient of the result
    ChannelSums sums = {};
    Array dx = {};
  };

  /// With x̂ = (x − μ)/σ and g the gradient of the result: dweight = Σ g·x̂, dbias = Σ g, and
  /// dx = weight/σ · (g − Σg/n − x̂ · Σ(g·x̂)/n), where the means are absent when the statistics are constants.
  std::vector<Tensor> gradients(Tensor gradient, const Wanted& wanted) const {
    const Array x = x_.defined() ? x_.array().contiguous(format_of(gradient)) : Array();
    const bool needs_sums = (wanted[0] && uses_batch_) || wanted[1] || wanted[2];
    Incoming in = incoming(std::move(gradient), x, needs_sums);
    Array dx, dweight, dbias;
    if (wanted[0]) dx = input_gradient(in, x);
    const Shape shape = {in.dy.size(1)};
    if (wanted[1]) {
      const Channels products = per_channel(in.sums.product.size(),
                                            [&](std::size_t c) { return in.sums.product[c] * inverse_deviation_[c]; });
      dweight = Array::from(shape, products).to(in.dy.dtype());
    }
    if (wanted[2]) dbias = Array::from(shape, in.sums.first).to(in.dy.dtype());
    return {dx, dweight, dbias};
  }

  /// The gradient of a rectifier is masked as it is read; that of another activation, or of one after a sum, is
  /// computed in the pass that adds up the sums.
  Incoming incoming(Tensor gradient, const Array& x, bool needs_sums) const {
    const MemoryFormat format = format_of(gradient);
    Incoming in;
    auto activation = detail::pending_as<detail::LazyActivationGradient>(gradient);
    if (activation && activation->format() == format && needs_sums) {
      const bool is_masked = activation->is_after(numbers_) && kernels::is_rectifier(activation->activation().kind);
      if (auto unmasked = is_masked ? activation->incoming() : std::nullopt) {
        in.dy = *std::move(unmasked);
        in.rectifier = activation->activation().kind;
        gradient = Tensor();
      } else if (activation->compute_with([&](const Array& dy, const detail::ActivationArrays& source, Array& g) {
                   in.sums = activation_sums(dy, source, x, g);
                 })) {
        needs_sums = false;
      }
    }
    activation = nullptr;
    if (gradient.defined()) in.dy = detail::take_array(std::move(gradient));
    const bool is_unique = in.dy.is_unique();
    const Array ordered = in.dy.contiguous(format);
    in.dx = is_unique || !ordered.shares_memory_with(in.dy) ? ordered
                                                            : Array::empty(ordered.shape(), ordered.dtype(), format);
    in.dy = ordered;
    if (needs_sums) in.sums = sums(in, x);
    return in;
  }

  ChannelSums activation_sums(const Array& dy, const detail::ActivationArrays& source, const Array& x, Array& g) const {
    return visit_floating(name, dy.dtype(), [&]<class T>() {
      return detail::activation_sums(detail::rows_of(g), dy.data<T>(), source.over<T>(), x.data<T>(),
                                     numbers_->affine<T>(), g.mutable_data<T>());
    });
  }

  ChannelSums sums(const Incoming& in, const Array& x) const {
    return visit_floating(name, in.dy.dtype(), [&]<class T>() {
      return detail::gradient_sums(detail::rows_of(in.dy), in.dy.data<T>(), x.data<T>(), numbers_->affine<T>(),
                                   in.rectifier);
    });
  }

  Array input_gradient(const Incoming& in, const Array& x) const {
    const kernels::ChannelGeometry geometry = detail::rows_of(in.dy);
    const Channels factors = scale(weight_.defined() ? weight_.array() : Array());
    Channels slope, offset;
    if (uses_batch_) {
      const auto n = static_cast<double>(geometry.rows);
      offset = per_channel(factors.size(), [&](std::size_t c) { return factors[c] * in.sums.first[c] / n; });
      slope = per_channel(factors.size(), [&](std::size_t c) {
        return factors[c] * (in.sums.product[c] / n * inverse_deviation_[c] * inverse_deviation_[c]);
      });
    }
    Array dx = in.dx;
    visit_floating(name, dx.dtype(), [&]<class T>() {
      const std::vector<T> slopes(slope.begin(), slope.end()), offsets(offset.begin(), offset.end());
      kernels::channel_norm_input_gradient(geometry, in.dy.data<T>(), x.defined() ? x.data<T>() : in.dy.data<T>(),
                                           numbers_->affine<T>(), in.rectifier, uses_batch_ ? slopes.data() : nullptr,
                                           uses_batch_ ? offsets.data() : nullptr, dx.mutable_data<T>());
    });
    return dx;
  }

  /// Made of operators.
  std::vector<Tensor> recorded_gradients(const Tensor& dy, const Wanted& wanted) const {
    const bool is_image = dy.rank() == 4;
    const std::vector<int> axes = is_image ? std::vector<int>{0, 2, 3} : std::vector<int>{0};
    const Shape along_channels = is_image ? Shape{1, dy.size(1), 1, 1} : Shape{1, dy.size(1)};
    const Array mean = Array::from(along_channels, mean_);
    const Array inverse = Array::from(along_channels, inverse_deviation_);
    const Tensor x = x_.defined() ? x_.tensor() : Tensor();
    if (uses_batch_) {
      const detail::Normalization normalization = {.grouped = dy.shape(),
                                                   .axes = axes,
                                                   .affine = dy.shape(),
                                                   .weight = along_channels,
                                                   .is_centered = true,
                                                   .eps = eps_};
      return detail::normalization_gradients(normalization, x, weight_.defined() ? weight_.tensor() : Tensor(),
                                             {dy.size(1)}, dy, mean, inverse, wanted);
    }
    const Tensor slope = inverse.to(dy.dtype());
    Tensor dx, dweight, dbias;
    if (wanted[0]) dx = weight_.defined() ? slope * reshape(weight_.tensor(), along_channels) * dy : slope * dy;
    if (wanted[1]) dweight = sum(dy * ((x - mean.to(dy.dtype())) * slope), axes);
    if (wanted[2]) dbias = sum(dy, axes);
    return {dx, dweight, dbias};
  }
};

}  // namespace

Tensor batch_norm(const Tensor& x, const Array& running_mean, const Array& running_var, const Tensor& weight,
                  const Tensor& bias, const BatchNormOptions& options) {
  constexpr std::string_view name = BatchNorm::name;
  check_batch_norm_options(name, options.momentum, options.eps);
  detail::check_floating(name, x);
  detail::check_channel_rank(name, x, 2);
  detail::check_running_statistics(name, x, running_mean, running_var);
  detail::check_affine(name, "weight", x, weight, {x.size(1)});
  detail::check_affine(name, "bias", x, bias, {x.size(1)});
  const bool uses_batch = options.training || !running_mean.defined();
  const std::int64_t values = x.size(1) == 0 ? 0 : x.numel() / x.size(1);
  if (uses_batch && values < 2) {
    throw ValueError(
        fmt::format("{}: batch statistics require at least 2 values per channel, got {} (input {})\n"
                    "hint: use a larger batch, or evaluation with running statistics",
                    name, values, to_string(x.shape())));
  }
  BatchNorm op = {.running_mean_ = running_mean,
                  .running_var_ = running_var,
                  .uses_batch_ = uses_batch,
                  .updates_running_ = options.training && running_mean.defined(),
                  .momentum_ = options.momentum,
                  .eps_ = options.eps};
  if (x.rank() != 3) return record(std::move(op), x, weight, bias);
  return reshape(record(std::move(op), detail::as_images(x), weight, bias), x.shape());
}

}  // namespace tapestry
