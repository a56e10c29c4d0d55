// layer_norm, and rms_norm, which does not subtract the mean.
#include <limits>
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/norm/detail/statistics.hpp>
#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/norm/layer_norm.hpp>

namespace tapestry {
namespace {

using detail::Channels;
using kernels::LayerNormGeometry;

template <bool is_centered>
struct LayerNorm {
  static constexpr std::string_view name = is_centered ? "layer_norm" : "rms_norm";
  Shape normalized_shape_;
  double eps_;
  SavedTensor x_ = {}, weight_ = {};
  Array mean_ = {}, inverse_ = {};  ///< f64, (rows, 1)

  Array forward(const Tensor& x, const Tensor& weight, const Tensor& bias) {
    if (x.requires_grad() || weight.requires_grad()) x_ = SavedTensor(x);
    if (x.requires_grad() && weight.defined()) weight_ = SavedTensor(weight);
    const Array in = x.array().contiguous();
    const LayerNormGeometry geometry = geometry_of(in);
    mean_ = Array::empty({geometry.rows, 1}, DType::f64);
    inverse_ = Array::empty({geometry.rows, 1}, DType::f64);
    Array y = Array::empty(x.shape(), x.dtype());
    visit_floating(name, x.dtype(), [&]<class T>() {
      kernels::layer_norm(geometry, eps_, in.data<T>(), factors(weight, 1).data(), factors(bias, 0).data(),
                          mean_.mutable_data<double>(), inverse_.mutable_data<double>(), y.mutable_data<T>());
    });
    return y;
  }

  std::vector<Array> backward(const Array& gradient, const Wanted& wanted) const {
    const Array dy = gradient.contiguous();
    const Array x = x_.defined() ? x_.array().contiguous() : dy;
    const LayerNormGeometry geometry = geometry_of(dy);
    const auto* mean = mean_.data<double>();
    const auto* inverse = inverse_.data<double>();
    Array dx, dweight, dbias;
    visit_floating(name, dy.dtype(), [&]<class T>() {
      if (wanted[0]) {
        dx = Array::empty(dy.shape(), dy.dtype());
        kernels::layer_norm_input_gradient(geometry, dy.data<T>(), x.data<T>(),
                                           factors(weight_.defined() ? weight_.array() : Tensor(), 1).data(), mean,
                                           inverse, dx.mutable_data<T>());
      }
      if (!wanted[1] && !wanted[2]) return;
      const auto size = static_cast<std::ptrdiff_t>(geometry.size);
      Channels sums(2 * static_cast<std::size_t>(size));
      Array scratch = Array::empty({kernels::layer_norm_scratch<T>(geometry)}, DType::f64);
      kernels::layer_norm_weight_gradients(geometry, dy.data<T>(), x.data<T>(), mean, inverse, sums.data(),
                                           scratch.mutable_data<double>());
      const Channels of_bias(sums.begin(), sums.begin() + size), of_weight(sums.begin() + size, sums.end());
      if (wanted[1]) dweight = Array::from(normalized_shape_, of_weight).to(dy.dtype());
      if (wanted[2]) dbias = Array::from(normalized_shape_, of_bias).to(dy.dtype());
    });
    return {dx, dweight, dbias};
  }

  std::vector<Tensor> backward(const Tensor& dy, const Wanted& wanted) const {
    const std::int64_t size = normalized_shape_.numel();
    const Shape rows = {mean_.size(0), size};
    const detail::Normalization normalization = {
        .grouped = rows, .axes = {1}, .affine = rows, .weight = {1, size}, .is_centered = is_centered, .eps = eps_};
    return detail::normalization_gradients(normalization, x_.defined() ? x_.tensor() : Tensor(),
                                           weight_.defined() ? weight_.tensor() : Tensor(), normalized_shape_, dy,
                                           mean_, inverse_, wanted);
  }

 private:
  LayerNormGeometry geometry_of(const Array& x) const {
    const std::int64_t size = normalized_shape_.numel();
    return {.rows = x.numel() / size, .size = size, .is_centered = is_centered};
  }
  /// The elements; all `otherwise` if undefined.
  Channels factors(const Tensor& values, double otherwise) const {
    return values.defined() ? detail::to_channels(values.array())
                            : Channels(static_cast<std::size_t>(normalized_shape_.numel()), otherwise);
  }
};

void check_operands(std::string_view name, const Tensor& x, const Shape& normalized_shape, double eps) {
  check_eps(name, eps);
  detail::check_floating(name, x);
  check_normalized_shape(name, normalized_shape);
  bool ends_with = normalized_shape.rank() <= x.rank();
  for (int axis = 1; ends_with && axis <= normalized_shape.rank(); ++axis)
    ends_with = x.size(-axis) == normalized_shape[-axis];
  if (!ends_with) {
    throw ShapeError(fmt::format("{}: expected an input whose last axes are the normalized_shape {}, got {}", name,
                                 to_string(normalized_shape), to_string(x.shape())));
  }
}

}  // namespace

void check_normalized_shape(std::string_view operation, const Shape& normalized_shape) {
  if (normalized_shape.rank() < 1 || normalized_shape.numel() < 1) {
    throw ShapeError(fmt::format("{}: normalized_shape must have at least one axis and one element, got {}", operation,
                                 to_string(normalized_shape)));
  }
}

Tensor layer_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight, const Tensor& bias,
                  double eps) {
  using Op = LayerNorm<true>;
  check_operands(Op::name, x, normalized_shape, eps);
  detail::check_affine(Op::name, "weight", x, weight, normalized_shape);
  detail::check_affine(Op::name, "bias", x, bias, normalized_shape);
  return record(Op{.normalized_shape_ = normalized_shape, .eps_ = eps}, x, weight, bias);
}

Tensor rms_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight, std::optional<double> eps) {
  using Op = LayerNorm<false>;
  const double epsilon = x.dtype() == DType::f64 ? std::numeric_limits<double>::epsilon()
                                                 : static_cast<double>(std::numeric_limits<float>::epsilon());
  check_operands(Op::name, x, normalized_shape, eps.value_or(epsilon));
  detail::check_affine(Op::name, "weight", x, weight, normalized_shape);
  return record(Op{.normalized_shape_ = normalized_shape, .eps_ = eps.value_or(epsilon)}, x, weight, Tensor());
}

}  // namespace tapestry
