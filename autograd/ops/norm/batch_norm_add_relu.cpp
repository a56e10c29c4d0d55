#include <utility>

#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic/comparison.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/norm/detail/batch_norm_family.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

constexpr auto channels_last = MemoryFormat::channels_last;

/// Of images.
struct BatchNormAddRelu {
  static constexpr std::string_view name = "batch_norm_add_relu";
  detail::BatchNormalisation batch_;
  SavedTensor y_ = {};

  Array forward(const Tensor& x, const Tensor& residual, const Tensor& weight, const Tensor& bias) {
    const bool needs_sums = weight.requires_grad() || bias.requires_grad();
    const Array image = batch_.find(x, weight, bias, needs_sums);
    const Array added = residual.array().contiguous(channels_last);
    Array y = Array::empty(image.shape(), image.dtype(), channels_last);
    visit_floating(name, y.dtype(), [&]<class T>() {
      kernels::channel_norm_add_relu(detail::batch_geometry(y), image.data<T>(), added.data<T>(),
                                     batch_.found->affine<T>(), y.mutable_data<T>());
    });
    y_ = SavedTensor::output(y);
    return y;
  }

  std::vector<Array> backward(const Array& gradient, const Wanted& wanted) const {
    auto [dy, g] = detail::gradient_target(gradient);
    const Array y = y_.array().contiguous(channels_last);
    // Without x nobody asks for the sums: what stands in its place only has to be there.
    const Array x = batch_.found->x.defined() ? batch_.found->x.array().contiguous(channels_last) : y;
    const detail::ChannelSums sums = visit_floating(name, y.dtype(), [&, &from = dy, &to = g]<class T>() {
      return detail::add_relu_gradient(detail::batch_geometry(y), from.data<T>(), y.data<T>(), x.data<T>(),
                                       batch_.found->affine<T>(), to.mutable_data<T>());
    });
    // The residual gets g: dx needs memory of its own, unless nobody wants g.
    dy = Array();
    Array dx = wanted[1] ? Array::empty(y.shape(), y.dtype(), channels_last) : g;
    const auto gradients = batch_.gradients({.dy = g, .dx = std::move(dx)}, sums, {wanted[0], wanted[2], wanted[3]});
    return {gradients[0], g, gradients[1], gradients[2]};
  }

  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    const Tensor g = where(le(y_.array(), 0), 0, gradient);
    const auto gradients = batch_.gradients(g, {wanted[0], wanted[2], wanted[3]});
    return {gradients[0], g, gradients[1], gradients[2]};
  }
};

}  // namespace

Tensor batch_norm_add_relu(const Tensor& x, const Tensor& residual, const Array& running_mean, const Array& running_var,
                           const Tensor& weight, const Tensor& bias, const BatchNormOptions& options) {
  constexpr std::string_view name = BatchNormAddRelu::name;
  auto batch = detail::checked_batch_normalisation(name, x, running_mean, running_var, weight, bias, options);
  if (x.shape() != residual.shape()) {
    throw ShapeError(fmt::format("{}: expected x and residual of one shape, got {} and {}", name, to_string(x.shape()),
                                 to_string(residual.shape())));
  }
  detail::check_same_dtype(name, x, residual);
  return detail::in_shape_of(
      x, record(BatchNormAddRelu{std::move(batch)}, detail::as_images(x), detail::as_images(residual), weight, bias));
}

}  // namespace tapestry
