#include <cmath>

#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/norm/detail/batch_norm_family.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/profile_span.hpp>

namespace tapestry::detail {
namespace {

constexpr auto channels_last = MemoryFormat::channels_last;

}  // namespace

kernels::ChannelNormGeometry batch_geometry(const Array& x) {
  return {.samples = 1, .rows = x.size(0) * x.size(2) * x.size(3), .channels = x.size(1)};
}

Array NormalisedBatch::apply(const Array& image) const {
  Array y = Array::empty(image.shape(), image.dtype(), channels_last);
  visit_floating("batch_norm", y.dtype(), [&]<class T>() {
    kernels::channel_norm_apply(batch_geometry(y), image.data<T>(), affine<T>(), y.mutable_data<T>());
  });
  return y;
}

Array NormalisedBatch::deferred(const Array& image) const {
  if (!image.shares_memory_with(x.array())) return apply(image);
  const auto fill = [operation = operation, image, version = image.version(), numbers = numbers,
                     relu_bound = relu_bound](std::byte* memory) {
    ProfileSpan span("normalise");
    check_saved_version(operation, "an input", image, version);
    visit_floating(operation, image.dtype(), [&]<class T>() {
      kernels::channel_norm_apply(batch_geometry(image), image.data<T>(), numbers.affine<T>(relu_bound),
                                  reinterpret_cast<T*>(memory));
    });
    span.add_input(image);
    span.complete();
  };
  return Array::deferred(image.shape(), image.dtype(), channels_last, fill);
}

Array NormalisedBatch::compute() const {
  return deferred(x.array().contiguous(channels_last));
}

Array BatchNormalisation::find(const Tensor& x, const Tensor& weight_or_none, const Tensor& bias, bool needs_x) {
  if (weight_or_none.requires_grad() || (uses_batch && x.requires_grad()) || needs_x) found->x = SavedTensor(x);
  if (x.requires_grad() && weight_or_none.defined()) weight = SavedTensor(weight_or_none);
  const Array image = x.array().contiguous(channels_last);
  const ChannelMoments moments = statistics(image);
  found->operation = operation;
  found->mean = moments.mean;
  found->inverse_deviation =
      per_channel(moments.mean.size(), [&](std::size_t c) { return 1 / std::sqrt(moments.variance[c] + eps); });
  found->numbers =
      AffineNumbers(x.dtype(), moments.mean, scale_by(weight_or_none.defined() ? weight_or_none.array() : Array()),
                    bias.defined() ? to_channels(bias.array()) : Channels(moments.mean.size(), 0.0));
  return image;
}

// To compute it again takes as long however many channels there are, and the convolutions before and after it take
// longer with each: of few channels the time counts, unless the result is large.
std::shared_ptr<Recipe> BatchNormalisation::recipe() const {
  constexpr std::int64_t few_channels = 128;
  constexpr std::int64_t large_bytes = std::int64_t{8} << 20;
  if (!found->x.is_kept()) return nullptr;
  const Array& x = found->x.array();
  return x.size(1) >= few_channels || x.bytes() > large_bytes ? found : nullptr;
}

/// The statistics to normalise by; those of the batch go into the running ones.
ChannelMoments BatchNormalisation::statistics(const Array& image) const {
  if (!uses_batch) return {to_channels(running_mean), to_channels(running_var)};
  const kernels::ChannelNormGeometry geometry = batch_geometry(image);
  ChannelMoments moments = visit_floating(operation, image.dtype(),
                                          [&]<class T>() { return channel_moments<T>(geometry, image.data<T>()); });
  if (updates_running) {
    const auto n = static_cast<double>(geometry.rows);
    const Channels unbiased =
        per_channel(moments.variance.size(), [&](std::size_t c) { return n / (n - 1) * moments.variance[c]; });
    update_running_statistics(operation, running_mean, running_var, moments.mean, unbiased, momentum);
  }
  return moments;
}

/// The factor of x − μ.
Channels BatchNormalisation::scale_by(const Array& factors) const {
  if (!factors.defined()) return found->inverse_deviation;
  const Channels weights = to_channels(factors);
  return per_channel(weights.size(), [&](std::size_t c) { return weights[c] * found->inverse_deviation[c]; });
}

std::vector<Array> BatchNormalisation::gradients(const Array& gradient, const Wanted& wanted) const {
  const GradientTarget target = gradient_target(gradient);
  const Array& dy = target.dy;
  ChannelSums sums;
  if ((wanted[0] && uses_batch) || wanted[1] || wanted[2]) {
    const Array x = found->x.defined() ? found->x.array().contiguous(channels_last) : dy;
    sums = visit_floating(operation, dy.dtype(), [&]<class T>() {
      return gradient_sums(batch_geometry(dy), dy.data<T>(), x.data<T>(), found->affine<T>());
    });
  }
  return gradients(target, sums, wanted);
}

/// With x̂ = (x − μ)/σ and g what the ReLU lets through of dy: dweight = Σ g·x̂, dbias = Σ g, and
/// dx = weight/σ · (g − Σg/n − x̂ · Σ(g·x̂)/n), where the means are absent when the statistics are constants.
std::vector<Array> BatchNormalisation::gradients(const GradientTarget& target, const ChannelSums& sums,
                                                 const Wanted& wanted) const {
  const Array& dy = target.dy;
  Array dx, dweight, dbias;
  if (wanted[0]) dx = input_gradient(target, sums);
  const Shape shape = {dy.size(1)};
  if (wanted[1]) {
    const Channels products =
        per_channel(sums.product.size(), [&](std::size_t c) { return sums.product[c] * found->inverse_deviation[c]; });
    dweight = Array::from(shape, products).to(dy.dtype());
  }
  if (wanted[2]) dbias = Array::from(shape, sums.first).to(dy.dtype());
  return {dx, dweight, dbias};
}

Array BatchNormalisation::input_gradient(const GradientTarget& target, const ChannelSums& sums) const {
  const Array& dy = target.dy;
  const kernels::ChannelNormGeometry geometry = batch_geometry(dy);
  const Channels scale = scale_by(weight.defined() ? weight.array() : Array());
  Channels slope, offset;
  if (uses_batch) {
    const auto n = static_cast<double>(geometry.rows);
    offset = per_channel(scale.size(), [&](std::size_t c) { return scale[c] * sums.first[c] / n; });
    slope = per_channel(scale.size(), [&](std::size_t c) {
      return scale[c] * (sums.product[c] / n * found->inverse_deviation[c] * found->inverse_deviation[c]);
    });
  }
  const Array x = found->x.defined() ? found->x.array().contiguous(channels_last) : dy;
  Array dx = target.dx;
  visit_floating(operation, dy.dtype(), [&]<class T>() {
    const std::vector<T> slopes(slope.begin(), slope.end()), offsets(offset.begin(), offset.end());
    kernels::channel_norm_input_gradient(geometry, dy.data<T>(), x.data<T>(), found->affine<T>(),
                                         uses_batch ? slopes.data() : nullptr, uses_batch ? offsets.data() : nullptr,
                                         dx.mutable_data<T>());
  });
  return dx;
}

std::vector<Tensor> BatchNormalisation::gradients(const Tensor& dy, const Wanted& wanted) const {
  const std::vector<int> all_but_channels = {0, 2, 3};
  const Shape per_channel_shape = {1, dy.size(1), 1, 1};
  const Shape shape = {dy.size(1)};
  const Array mean = Array::from(per_channel_shape, found->mean);
  const Array inverse = Array::from(per_channel_shape, found->inverse_deviation);
  const Tensor x = found->x.defined() ? found->x.tensor() : Tensor();
  if (uses_batch) {
    const Normalisation normalisation = {.grouped = dy.shape(),
                                         .axes = all_but_channels,
                                         .affine = dy.shape(),
                                         .weight = per_channel_shape,
                                         .is_centred = true,
                                         .eps = eps};
    return normalisation_gradients(normalisation, x, weight.defined() ? weight.tensor() : Tensor(), shape, dy, mean,
                                   inverse, wanted);
  }
  const Tensor slope = inverse.to(dy.dtype());
  Tensor dx, dweight, dbias;
  if (wanted[0]) dx = weight.defined() ? slope * reshape(weight.tensor(), per_channel_shape) * dy : slope * dy;
  if (wanted[1]) dweight = sum(dy * ((x - mean.to(dy.dtype())) * slope), all_but_channels);
  if (wanted[2]) dbias = sum(dy, all_but_channels);
  return {dx, dweight, dbias};
}

BatchNormalisation checked_batch_normalisation(std::string_view operation, const Tensor& x, const Array& running_mean,
                                               const Array& running_var, const Tensor& weight, const Tensor& bias,
                                               const BatchNormOptions& options) {
  check_batch_norm_options(operation, options.momentum, options.eps);
  check_floating(operation, x);
  check_channel_rank(operation, x, 2);
  check_running_statistics(operation, x, running_mean, running_var);
  check_affine(operation, "weight", x, weight, {x.size(1)});
  check_affine(operation, "bias", x, bias, {x.size(1)});
  const bool uses_batch = options.training || !running_mean.defined();
  const std::int64_t values = x.size(1) == 0 ? 0 : x.numel() / x.size(1);
  if (uses_batch && values < 2) {
    throw ValueError(
        fmt::format("{}: the statistics of a batch need at least 2 values per channel, got {} (input {})\n"
                    "hint: use a larger batch, or evaluation with running statistics",
                    operation, values, to_string(x.shape())));
  }
  return {.operation = operation,
          .running_mean = running_mean,
          .running_var = running_var,
          .uses_batch = uses_batch,
          .updates_running = options.training && running_mean.defined(),
          .momentum = options.momentum,
          .eps = options.eps};
}

Tensor in_shape_of(const Tensor& x, const Tensor& y) {
  return x.rank() == 4 ? y : reshape(y, x.shape());
}

}  // namespace tapestry::detail
