// batch_norm, and with a ReLU after it batch_norm_relu.
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic.hpp>
#include <tapestry/autograd/ops/channel_statistics.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/normalization.hpp>
#include <tapestry/autograd/ops/piecewise_linear.hpp>
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

/// What forward found: what the gradient needs, and enough to compute the output again.
struct NormalisedBatch final : Recipe {
  SavedTensor x;
  Channels mean, inverse_deviation, scale, bias;
  std::optional<double> relu_bound;

  kernels::ChannelAffine affine() const {
    return {.mean = mean.data(), .scale = scale.data(), .bias = bias.data(), .relu_bound = relu_bound};
  }
  Array apply(const Array& image) const {
    Array y = Array::empty(image.shape(), image.dtype(), channels_last);
    visit_floating("batch_norm", y.dtype(), [&]<class T>() {
      kernels::channel_norm_apply(geometry_of(y), image.data<T>(), affine(), y.mutable_data<T>());
    });
    return y;
  }
  Array compute() const override { return apply(x.array().contiguous(channels_last)); }
};

/// The gradient of the ReLU as a function of its result.
struct ReluGradient {
  static constexpr std::string_view gradient_name = "batch_norm_relu_gradient";
  double bound_;

  template <class T>
  T gradient(T g, T y) const {
    const auto bound = static_cast<T>(bound_);
    return ((y <= 0) | ((y >= bound) & (bound < std::numeric_limits<T>::infinity()))) ? T{0} : g;
  }
};

/// Of images.
template <bool has_relu>
struct BatchNorm {
  static constexpr std::string_view name = has_relu ? "batch_norm_relu" : "batch_norm";
  Array running_mean_, running_var_;
  bool uses_batch_;  ///< the statistics are those of the batch, so that the gradient flows through them
  bool updates_running_;
  double momentum_, eps_;
  std::optional<double> relu_bound_;
  SavedTensor weight_ = {};
  std::shared_ptr<NormalisedBatch> found_ = std::make_shared<NormalisedBatch>();

  Array forward(const Tensor& x, const Tensor& weight, const Tensor& bias) {
    const bool needs_signs = has_relu && (x.requires_grad() || bias.requires_grad());
    if (weight.requires_grad() || (uses_batch_ && x.requires_grad()) || needs_signs) found_->x = SavedTensor(x);
    if (x.requires_grad() && weight.defined()) weight_ = SavedTensor(weight);
    const Array image = x.array().contiguous(channels_last);
    const ChannelMoments moments = statistics(image);
    found_->mean = moments.mean;
    found_->inverse_deviation =
        per_channel(moments.mean.size(), [&](std::size_t c) { return 1 / std::sqrt(moments.variance[c] + eps_); });
    found_->scale = scale_by(weight.defined() ? weight.array() : Array());
    found_->bias = bias.defined() ? to_channels(bias.array()) : Channels(moments.mean.size(), 0.0);
    found_->relu_bound = relu_bound_;
    return found_->apply(image);
  }

  std::vector<Array> backward(const Array& gradient, const Wanted& wanted) const {
    const Array dy = gradient.contiguous(channels_last);
    return visit_floating(name, dy.dtype(), [&]<class T>() { return gradients<T>(dy, wanted); });
  }

  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const;

  /// Only where x is kept anyway.
  std::shared_ptr<Recipe> recipe() const { return found_->x.is_kept() ? found_ : nullptr; }

 private:
  /// The statistics to normalise by; those of the batch go into the running ones.
  ChannelMoments statistics(const Array& image) const {
    if (!uses_batch_) return {to_channels(running_mean_), to_channels(running_var_)};
    const ChannelNormGeometry geometry = geometry_of(image);
    ChannelMoments moments = visit_floating(
        name, image.dtype(), [&]<class T>() { return detail::channel_moments<T>(geometry, image.data<T>()); });
    if (updates_running_) {
      const auto n = static_cast<double>(geometry.rows);
      const Channels unbiased =
          per_channel(moments.variance.size(), [&](std::size_t c) { return n / (n - 1) * moments.variance[c]; });
      detail::update_running_statistics(name, running_mean_, running_var_, moments.mean, unbiased, momentum_);
    }
    return moments;
  }

  /// The factor of x − μ.
  Channels scale_by(const Array& weight) const {
    if (!weight.defined()) return found_->inverse_deviation;
    const Channels factors = to_channels(weight);
    return per_channel(factors.size(), [&](std::size_t c) { return factors[c] * found_->inverse_deviation[c]; });
  }

  /// With x̂ = (x − μ)/σ and g what the ReLU lets through of dy: dweight = Σ g·x̂, dbias = Σ g, and
  /// dx = weight/σ · (g − Σg/n − x̂ · Σ(g·x̂)/n), where the means are absent when the statistics are constants.
  template <class T>
  std::vector<Array> gradients(const Array& dy, const Wanted& wanted) const {
    const NormalisedBatch& found = *found_;
    const std::size_t channels = found.mean.size();
    const ChannelNormGeometry geometry = geometry_of(dy);
    const Array x = found.x.defined() ? found.x.array().contiguous(channels_last) : dy;
    const bool through_batch = wanted[0] && uses_batch_;
    ChannelSums sums;
    if (through_batch || wanted[1] || wanted[2]) {
      sums = detail::gradient_sums(geometry, dy.data<T>(), x.data<T>(), found.affine());
    }
    Array dx, dweight, dbias;
    if (wanted[0]) {
      const Channels scale = scale_by(weight_.defined() ? weight_.array() : Array());
      const auto n = static_cast<double>(geometry.rows);
      Channels slope, offset;
      if (through_batch) {
        offset = per_channel(channels, [&](std::size_t c) { return scale[c] * sums.first[c] / n; });
        slope = per_channel(channels, [&](std::size_t c) {
          return scale[c] * (sums.product[c] / n * found.inverse_deviation[c] * found.inverse_deviation[c]);
        });
      }
      dx = Array::empty(dy.shape(), dy.dtype(), channels_last);
      kernels::channel_norm_input_gradient(geometry, dy.data<T>(), x.data<T>(), found.affine(),
                                           through_batch ? slope.data() : nullptr,
                                           through_batch ? offset.data() : nullptr, dx.mutable_data<T>());
    }
    const Shape shape = {dy.size(1)};
    if (wanted[1]) {
      dweight =
          Array::from(
              shape, per_channel(channels, [&](std::size_t c) { return sums.product[c] * found.inverse_deviation[c]; }))
              .to(dy.dtype());
    }
    if (wanted[2]) dbias = Array::from(shape, sums.first).to(dy.dtype());
    return {dx, dweight, dbias};
  }
};

template <bool has_relu>
std::vector<Tensor> BatchNorm<has_relu>::backward(const Tensor& gradient, const Wanted& wanted) const {
  Tensor dy = gradient;
  if constexpr (has_relu) {
    detail::PiecewiseLinearGradient<ReluGradient> relu = {{*relu_bound_}, SavedTensor(found_->output(current_node()))};
    dy = record(std::move(relu), gradient);
  }
  const std::vector<int> all_but_channels = {0, 2, 3};
  const Shape per_channel_shape = {1, dy.size(1), 1, 1};
  const Shape shape = {dy.size(1)};
  const Array mean = Array::from(per_channel_shape, found_->mean);
  const Array inverse = Array::from(per_channel_shape, found_->inverse_deviation);
  const Tensor x = found_->x.defined() ? found_->x.tensor() : Tensor();
  if (uses_batch_) {
    const detail::Normalisation normalisation = {.grouped = dy.shape(),
                                                 .axes = all_but_channels,
                                                 .affine = dy.shape(),
                                                 .weight = per_channel_shape,
                                                 .is_centred = true,
                                                 .eps = eps_};
    return detail::normalisation_gradients(normalisation, x, weight_.defined() ? weight_.tensor() : Tensor(), shape, dy,
                                           mean, inverse, wanted);
  }
  const Tensor slope = inverse.to(dy.dtype());
  Tensor dx, dweight, dbias;
  if (wanted[0]) dx = weight_.defined() ? slope * reshape(weight_.tensor(), per_channel_shape) * dy : slope * dy;
  if (wanted[1]) dweight = sum(dy * ((x - mean.to(dy.dtype())) * slope), all_but_channels);
  if (wanted[2]) dbias = sum(dy, all_but_channels);
  return {dx, dweight, dbias};
}

template <bool has_relu>
Tensor normalise(const Tensor& x, const Array& running_mean, const Array& running_var, const Tensor& weight,
                 const Tensor& bias, const BatchNormOptions& options, std::optional<double> relu_bound) {
  constexpr std::string_view name = BatchNorm<has_relu>::name;
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
        fmt::format("{}: the statistics of a batch need at least 2 values per channel, got {} (input {})\n"
                    "hint: use a larger batch, or evaluation with running statistics",
                    name, values, to_string(x.shape())));
  }
  const Tensor y = record(BatchNorm<has_relu>{.running_mean_ = running_mean,
                                              .running_var_ = running_var,
                                              .uses_batch_ = uses_batch,
                                              .updates_running_ = options.training && running_mean.defined(),
                                              .momentum_ = options.momentum,
                                              .eps_ = options.eps,
                                              .relu_bound_ = relu_bound},
                          detail::as_images(x), weight, bias);
  return x.rank() == 4 ? y : reshape(y, x.shape());
}

}  // namespace

Tensor batch_norm(const Tensor& x, const Array& running_mean, const Array& running_var, const Tensor& weight,
                  const Tensor& bias, const BatchNormOptions& options) {
  return normalise<false>(x, running_mean, running_var, weight, bias, options, std::nullopt);
}

Tensor batch_norm_relu(const Tensor& x, const Array& running_mean, const Array& running_var, const Tensor& weight,
                       const Tensor& bias, const BatchNormReluOptions& options) {
  const auto& [training, momentum, eps, max_value] = options;
  check_relu_bound("batch_norm_relu", max_value);
  return normalise<true>(x, running_mean, running_var, weight, bias,
                         {.training = training, .momentum = momentum, .eps = eps}, max_value);
}

void check_relu_bound(std::string_view operation, double max_value) {
  if (!(max_value > 0)) {
    throw ValueError(fmt::format("{}: max_value must be above 0, got {}", operation, max_value));
  }
}

}  // namespace tapestry
