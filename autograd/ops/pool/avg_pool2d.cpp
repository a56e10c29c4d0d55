// Average pooling in all its forms, and its adjoint: both linear, each the other's derivative.
#include <tapestry/autograd/ops/pool/detail/pool_geometry.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/kernels/pool/avg_pool2d.hpp>

namespace tapestry {
namespace {

using kernels::AvgPool2dDivisor;
using kernels::Pool2dGeometry;

constexpr auto channels_last = MemoryFormat::channels_last;

Tensor spread(const Pool2dGeometry& geometry, const AvgPool2dDivisor& divisor, const Tensor& gradient);

struct AvgPool2d {
  static constexpr std::string_view name = "avg_pool2d";
  Pool2dGeometry geometry_;
  AvgPool2dDivisor divisor_;

  Array forward(const Tensor& x) const {
    const Array image = x.array().contiguous(channels_last);
    Array y = Array::empty(detail::pooled_shape(geometry_), x.dtype(), channels_last);
    visit_floating(name, x.dtype(),
                   [&]<class T>() { kernels::avg_pool2d(geometry_, divisor_, image.data<T>(), y.mutable_data<T>()); });
    return y;
  }
  Tensor backward(const Tensor& gradient) const { return spread(geometry_, divisor_, gradient); }
};

struct AvgPool2dAdjoint {
  static constexpr std::string_view name = "avg_pool2d_gradient";
  Pool2dGeometry geometry_;
  AvgPool2dDivisor divisor_;

  Array forward(const Tensor& gradient) const {
    const Array dy = gradient.array().contiguous(channels_last);
    Array dx = Array::empty(detail::image_shape(geometry_), dy.dtype(), channels_last);
    visit_floating(name, dy.dtype(), [&]<class T>() {
      kernels::avg_pool2d_adjoint(geometry_, divisor_, dy.data<T>(), dx.mutable_data<T>());
    });
    return dx;
  }
  Tensor backward(const Tensor& gradient) const {
    return record(AvgPool2d{.geometry_ = geometry_, .divisor_ = divisor_}, gradient);
  }
};

Tensor spread(const Pool2dGeometry& geometry, const AvgPool2dDivisor& divisor, const Tensor& gradient) {
  return record(AvgPool2dAdjoint{.geometry_ = geometry, .divisor_ = divisor}, gradient);
}

Tensor pooled(const Pool2dGeometry& geometry, const AvgPool2dDivisor& divisor, const Tensor& x) {
  return record(AvgPool2d{.geometry_ = geometry, .divisor_ = divisor}, x);
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

}  // namespace tapestry
