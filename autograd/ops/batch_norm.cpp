#include <algorithm>
#include <cmath>
#include <cstdio>
#include <mutex>
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/normalization.hpp>
#include <tapestry/autograd/ops/reduction.hpp>
#include <tapestry/autograd/ops/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/batch_norm.hpp>

namespace tapestry {
namespace {

using kernels::BatchNormGeometry;
using Channels = std::vector<double>;  ///< a number per channel

constexpr auto channels_last = MemoryFormat::channels_last;

BatchNormGeometry geometry_of(const Array& x) {
  return {.rows = x.size(0) * x.size(2) * x.size(3), .channels = x.size(1)};
}

Channels to_channels(const Array& values) {
  return values.to(DType::f64).to_vector<double>();
}

template <class F>
Channels per_channel(std::size_t channels, const F& f) {
  Channels result(channels);
  for (std::size_t c = 0; c < channels; ++c) result[c] = f(c);
  return result;
}

/// The sums of `kernels::batch_norm_sums`.
struct Sums {
  Channels first, product;
};

template <class T>
Sums sums_of(const Array& x, const Array& dy, const Channels& centre) {
  const BatchNormGeometry geometry = geometry_of(x);
  Array scratch = Array::empty({kernels::batch_norm_scratch<T>(geometry)}, DType::f64);
  Channels sums(2 * centre.size());
  kernels::batch_norm_sums(geometry, dy.defined() ? dy.data<T>() : nullptr, x.data<T>(), centre.data(), sums.data(),
                           scratch.mutable_data<double>());
  const auto middle = sums.begin() + static_cast<std::ptrdiff_t>(centre.size());
  return {.first = {sums.begin(), middle}, .product = {middle, sums.end()}};
}

struct Moments {
  Channels mean;
  Channels variance;  ///< divided by n
};

/// With s the channel's first value, μ = s + Σ(x − s)/n and σ² = Σ(x − s)²/n − (μ − s)².
template <class T>
Moments moments_of(const Array& x) {
  const auto n = static_cast<double>(geometry_of(x).rows);
  const Channels shift(x.data<T>(), x.data<T>() + x.size(1));
  const Sums sums = sums_of<T>(x, {}, shift);
  return {.mean = per_channel(shift.size(), [&](std::size_t c) { return shift[c] + sums.first[c] / n; }),
          .variance = per_channel(shift.size(), [&](std::size_t c) {
            const double offset = sums.first[c] / n;
            const double variance = sums.product[c] / n - offset * offset;
            return variance < 0 ? 0 : variance;
          })};
}

void warn_of_skipped_update() {
  static std::once_flag warned;
  std::call_once(warned, [] {
    fmt::print(
        stderr,
        "tapestry: batch_norm: the statistics of a batch are not finite; its running statistics were left as they "
        "were (reported once)\n");
  });
}

/// running ← (1 − momentum) · running + momentum · batch, unless a number would not be finite.
void update_running(Array running_mean, Array running_var, const Moments& batch, double rows, double momentum) {
  const double unbiased = rows / (rows - 1);
  const auto updated = [&](const Array& running, const Channels& values, double factor) {
    const Channels before = to_channels(running);
    const Channels after = per_channel(
        values.size(), [&](std::size_t c) { return (1 - momentum) * before[c] + momentum * factor * values[c]; });
    return Array::from(running.shape(), after).to(running.dtype());
  };
  const Array mean = updated(running_mean, batch.mean, 1);
  const Array variance = updated(running_var, batch.variance, unbiased);
  for (const Array& result : {mean, variance}) {
    const Channels values = to_channels(result);
    if (!std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); })) {
      warn_of_skipped_update();
      return;
    }
  }
  running_mean.copy_from(mean);
  running_var.copy_from(variance);
}

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
    Array y = Array::empty(x.shape(), x.dtype(), channels_last);
    visit_floating(name, x.dtype(), [&]<class T>() {
      const Moments moments =
          uses_batch_ ? moments_of<T>(image) : Moments{to_channels(running_mean_), to_channels(running_var_)};
      if (updates_running_) {
        update_running(running_mean_, running_var_, moments, static_cast<double>(geometry_of(image).rows),
                       options_.momentum);
      }
      mean_ = moments.mean;
      inverse_deviation_ =
          per_channel(mean_.size(), [&](std::size_t c) { return 1 / std::sqrt(moments.variance[c] + options_.eps); });
      const Channels shift = bias.defined() ? to_channels(bias.array()) : Channels(mean_.size(), 0.0);
      kernels::batch_norm_apply(geometry_of(image), image.data<T>(), mean_.data(),
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
    const BatchNormGeometry geometry = geometry_of(dy);
    const Array x = x_.defined() ? x_.array().contiguous(channels_last) : dy;
    const bool through_batch = wanted[0] && uses_batch_;
    Sums sums;
    if (through_batch || wanted[1] || wanted[2]) sums = sums_of<T>(x, dy, mean_);
    Array dx, dweight, dbias;
    if (wanted[0]) {
      const Channels scale = scale_by(weight_.defined() ? weight_.array() : Array());
      dx = Array::empty(dy.shape(), dy.dtype(), channels_last);
      if (through_batch) {
        const auto n = static_cast<double>(geometry.rows);
        const Channels offset = per_channel(channels, [&](std::size_t c) { return sums.first[c] / n; });
        const Channels slope = per_channel(channels, [&](std::size_t c) {
          return sums.product[c] / n * inverse_deviation_[c] * inverse_deviation_[c];
        });
        kernels::batch_norm_input_gradient(geometry, dy.data<T>(), x.data<T>(), mean_.data(), scale.data(),
                                           offset.data(), slope.data(), dx.mutable_data<T>());
      } else {
        const Channels zero(channels, 0.0);
        kernels::batch_norm_apply(geometry, dy.data<T>(), zero.data(), scale.data(), zero.data(), dx.mutable_data<T>());
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
  const Shape shape = {1, dy.size(1), 1, 1};
  const auto constant = [&](const Channels& values) { return Tensor(Array::from(shape, values).to(dy.dtype())); };
  const auto average = [&](const Tensor& values) { return mean(values, all_but_channels, true); };

  Tensor normalised;
  Tensor slope = constant(inverse_deviation_);
  if (wanted[1] || (wanted[0] && uses_batch_)) normalised = (x_.tensor() - constant(mean_)) * slope;
  if (wanted[0] && uses_batch_) {
    // The statistics once more, with their history. They are those of values that the constants have brought near 0 and
    // 1, so that nothing overflows; normalising these gives the same as normalising x.
    const Tensor centred = normalised - average(normalised);
    const Channels eps = per_channel(
        mean_.size(), [&](std::size_t c) { return options_.eps * inverse_deviation_[c] * inverse_deviation_[c]; });
    const Tensor ratio = pow(average(centred * centred) + constant(eps), -0.5);
    normalised = centred * ratio;
    slope = slope * ratio;
  }
  Tensor dx, dweight, dbias;
  if (wanted[0]) {
    if (weight_.defined()) slope = slope * reshape(weight_.tensor(), shape);
    dx = uses_batch_ ? slope * (dy - average(dy) - normalised * average(dy * normalised)) : slope * dy;
  }
  if (wanted[1]) dweight = sum(dy * normalised, all_but_channels);
  if (wanted[2]) dbias = sum(dy, all_but_channels);
  return {dx, dweight, dbias};
}

void check_per_channel(const Tensor& x, std::string_view argument, const Array& values) {
  if (values.shape() != Shape{x.size(1)}) {
    throw ShapeError(fmt::format("{}: expected a {} of shape [{}] (input {}), got {}", BatchNorm::name, argument,
                                 x.size(1), to_string(x.shape()), to_string(values.shape())));
  }
}

void check_operands(const Tensor& x, const Array& running_mean, const Array& running_var, const Tensor& weight,
                    const Tensor& bias) {
  if (!is_floating(x.dtype())) throw_not_floating(BatchNorm::name, x.dtype());
  detail::check_rank(BatchNorm::name, "an input (N, C, H, W)", x, 4);
  if (running_mean.defined() != running_var.defined()) {
    throw ValueError(fmt::format("{}: running_mean and running_var must be given both or neither", BatchNorm::name));
  }
  if (running_mean.defined()) {
    for (const Array* running : {&running_mean, &running_var}) {
      if (!is_floating(running->dtype())) throw_not_floating(BatchNorm::name, running->dtype());
    }
    check_per_channel(x, "running_mean", running_mean);
    check_per_channel(x, "running_var", running_var);
  }
  if (weight.defined()) {
    detail::check_same_floating(BatchNorm::name, x, weight);
    check_per_channel(x, "weight", weight.array());
  }
  if (bias.defined()) {
    detail::check_same_floating(BatchNorm::name, x, bias);
    check_per_channel(x, "bias", bias.array());
  }
}

}  // namespace

void check_batch_norm_options(std::string_view operation, double momentum, double eps) {
  if (!(momentum >= 0 && momentum <= 1)) {
    throw ValueError(fmt::format("{}: momentum must be in [0, 1], got {}", operation, momentum));
  }
  if (!(eps > 0 && std::isfinite(eps))) {
    throw ValueError(fmt::format("{}: eps must be positive and finite, got {}", operation, eps));
  }
}

Tensor batch_norm(const Tensor& x, const Array& running_mean, const Array& running_var, const Tensor& weight,
                  const Tensor& bias, const BatchNormOptions& options) {
  check_batch_norm_options(BatchNorm::name, options.momentum, options.eps);
  check_operands(x, running_mean, running_var, weight, bias);
  const bool uses_batch = options.training || !running_mean.defined();
  if (uses_batch && geometry_of(x.array()).rows < 2) {
    throw ValueError(
        fmt::format("{}: the statistics of a batch need at least 2 values per channel, got {} (input {})\n"
                    "hint: use a larger batch, or evaluation with running statistics",
                    BatchNorm::name, geometry_of(x.array()).rows, to_string(x.shape())));
  }
  return record(BatchNorm{.running_mean_ = running_mean,
                          .running_var_ = running_var,
                          .uses_batch_ = uses_batch,
                          .updates_running_ = options.training && running_mean.defined(),
                          .options_ = options},
                x, weight, bias);
}

}  // namespace tapestry
