#include <algorithm>
#include <cmath>
#include <cstdio>
#include <mutex>

#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/norm/detail/statistics.hpp>
#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

void warn_of_skipped_update(std::string_view operation) {
  static std::once_flag warned;
  std::call_once(warned, [&] {
    fmt::print(stderr,
               "tapestry: {}: the statistics of a batch are not finite; its running statistics were not updated "
               "(reported once)\n",
               operation);
  });
}

void check_shape(std::string_view operation, std::string_view argument, const Tensor& x, const Shape& got,
                 const Shape& wanted) {
  if (got != wanted) {
    throw ShapeError(fmt::format("{}: expected a {} of shape {} (input {}), got {}", operation, argument,
                                 to_string(wanted), to_string(x.shape()), to_string(got)));
  }
}

}  // namespace

void check_eps(std::string_view operation, double eps) {
  if (!(eps > 0 && std::isfinite(eps))) {
    throw ValueError(fmt::format("{}: eps must be positive and finite, got {}", operation, eps));
  }
}

void check_batch_norm_options(std::string_view operation, double momentum, double eps) {
  if (!(momentum >= 0 && momentum <= 1)) {
    throw ValueError(fmt::format("{}: momentum must be in [0, 1], got {}", operation, momentum));
  }
  check_eps(operation, eps);
}

namespace detail {

Channels to_channels(const Array& values) {
  return values.to(DType::f64).to_vector<double>();
}

Tensor as_images(const Tensor& x) {
  if (x.rank() == 4) return x;
  if (x.rank() == 3) return reshape(x, {x.size(0), x.size(1), 1, x.size(2)});
  return reshape(x, {x.size(0), x.size(1), 1, 1});
}

void check_channel_rank(std::string_view operation, const Tensor& x, int least) {
  if (x.rank() < least || x.rank() > 4) {
    throw ShapeError(fmt::format("{}: expected an input {}(N, C, L) or (N, C, H, W), got {}", operation,
                                 least == 2 ? "(N, C), " : "", to_string(x.shape())));
  }
}

void check_affine(std::string_view operation, std::string_view argument, const Tensor& x, const Tensor& values,
                  const Shape& shape) {
  if (!values.defined()) return;
  check_same_floating(operation, x, values);
  check_shape(operation, argument, x, values.shape(), shape);
}

void check_running_statistics(std::string_view operation, const Tensor& x, const Array& running_mean,
                              const Array& running_var) {
  if (running_mean.defined() != running_var.defined()) {
    throw ValueError(fmt::format("{}: running_mean and running_var must be both defined or both undefined", operation));
  }
  if (!running_mean.defined()) return;
  for (const Array* running : {&running_mean, &running_var}) {
    check_floating(operation, *running);
  }
  check_shape(operation, "running_mean", x, running_mean.shape(), {x.size(1)});
  check_shape(operation, "running_var", x, running_var.shape(), {x.size(1)});
}

void update_running_statistics(std::string_view operation, Array running_mean, Array running_var, const Channels& mean,
                               const Channels& variance, double momentum) {
  const auto updated = [&](const Array& running, const Channels& values) {
    const Channels before = to_channels(running);
    const Channels after =
        per_channel(values.size(), [&](std::size_t c) { return (1 - momentum) * before[c] + momentum * values[c]; });
    return Array::from(running.shape(), after).to(running.dtype());
  };
  const Array new_mean = updated(running_mean, mean);
  const Array new_var = updated(running_var, variance);
  for (const Array& result : {new_mean, new_var}) {
    const Channels values = to_channels(result);
    if (!std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); })) {
      return warn_of_skipped_update(operation);
    }
  }
  running_mean.copy_from(new_mean);
  running_var.copy_from(new_var);
}

std::vector<Tensor> normalization_gradients(const Normalization& n, const Tensor& x, const Tensor& weight,
                                            const Shape& weight_shape, const Tensor& dy, const Array& mean_of,
                                            const Array& inverse, const Wanted& wanted) {
  const auto average = [&](const Tensor& values) { return mean(values, n.axes, true); };
  const Tensor affine_dy = reshape(dy, n.affine);
  Tensor dx, dweight, dbias;
  if (wanted[0] || wanted[1]) {
    // Recomputes the statistics with their history, from values that constants have scaled to near 0 and 1, so that
    // nothing overflows; normalizing these gives the same result as normalizing x.
    const Tensor rough = (reshape(x, n.grouped) - mean_of.to(dy.dtype())) * inverse.to(dy.dtype());
    const Tensor centered = n.is_centered ? rough - average(rough) : rough;
    const Array inverses = inverse.to(DType::f64);
    const Channels eps = per_channel(static_cast<std::size_t>(inverses.numel()), [&](std::size_t i) {
      const double factor = inverses.data<double>()[i];
      return n.eps * factor * factor;
    });
    const Tensor ratio = pow(average(centered * centered) + Array::from(inverses.shape(), eps).to(dy.dtype()), -0.5);
    const Tensor normalized = centered * ratio;
    if (wanted[0]) {
      const Tensor scaled = weight.defined() ? affine_dy * reshape(weight, n.weight) : affine_dy;
      const Tensor gradient = reshape(scaled, n.grouped);
      const Tensor shifted = n.is_centered ? gradient - average(gradient) : gradient;
      const Tensor through = normalized * average(gradient * normalized);
      dx = reshape((shifted - through) * (ratio * inverse.to(dy.dtype())), x.shape());
    }
    if (wanted[1]) dweight = reshape(sum_to(affine_dy * reshape(normalized, n.affine), n.weight), weight_shape);
  }
  if (wanted[2]) dbias = reshape(sum_to(affine_dy, n.weight), weight_shape);
  return {dx, dweight, dbias};
}

}  // namespace detail
}  // namespace tapestry
