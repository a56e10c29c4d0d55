// Average pooling: fixed windows, along one axis, adaptive, or over the whole image.
#include <tapestry/autograd/ops/detail/linear_operator.hpp>
#include <tapestry/autograd/ops/detail/run_kernel.hpp>
#include <tapestry/autograd/ops/pool/detail/pool_geometry.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/kernels/pool/avg_pool2d.hpp>

namespace tapestry {
namespace {

using kernels::AvgPool2dDivisor;
using kernels::Pool2dGeometry;

using MemoryFormat::channels_last;

struct AvgPool2d {
  static constexpr std::string_view name = "avg_pool2d";
  static constexpr std::string_view adjoint_name = "avg_pool2d_gradient";
  Pool2dGeometry geometry_;
  AvgPool2dDivisor divisor_;

  Array forward(const Tensor& x) const {
    return detail::run_kernel(name, x, detail::pooled_shape(geometry_), channels_last,
                              [&](const auto* in, auto* y) { kernels::avg_pool2d(geometry_, divisor_, in, y); });
  }

  Array adjoint(const Tensor& gradient) const {
    return detail::run_kernel(
        adjoint_name, gradient, detail::image_shape(geometry_), channels_last,
        [&](const auto* dy, auto* dx) { kernels::avg_pool2d_adjoint(geometry_, divisor_, dy, dx); });
  }
};

Tensor pooled(const Pool2dGeometry& geometry, const AvgPool2dDivisor& divisor, const Tensor& x) {
  return detail::record_linear(AvgPool2d{.geometry_ = geometry, .divisor_ = divisor}, x);
}

}  // namespace

Tensor avg_pool2d(const Tensor& x, const AvgPool2dOptions& options) {
  const AvgPool2dDivisor divisor = {.count_include_pad = options.count_include_pad,
                                    .fixed = options.divisor_override.value_or(0)};
  return pooled(detail::pool_geometry("avg_pool2d", x, options), divisor, x);
}

Tensor avg_pool1d(const Tensor& x, const AvgPool1dOptions& options) {
  const Pool2dGeometry geometry = detail::pool_geometry("avg_pool1d", x, options);
  const AvgPool2dDivisor divisor = {.count_include_pad = options.count_include_pad, .fixed = 0};
  return reshape(pooled(geometry, divisor, reshape(x, detail::image_shape(geometry))),
                 Shape{x.size(0), x.size(1), geometry.columns.out});
}

Tensor adaptive_avg_pool2d(const Tensor& x, Pair output_size) {
  return pooled(detail::adaptive_geometry("adaptive_avg_pool2d", x, output_size),
                {.count_include_pad = false, .fixed = 0}, x);
}

Tensor global_avg_pool2d(const Tensor& x) {
  detail::check_images("global_avg_pool2d", x);
  return mean(x, {2, 3}, true);
}

}  // namespace tapestry
