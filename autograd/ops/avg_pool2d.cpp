// avg_pool2d and its adjoint: both linear, each the other's derivative.
#include <tapestry/autograd/ops/pool2d_geometry.hpp>
#include <tapestry/autograd/ops/pooling.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/kernels/avg_pool2d.hpp>

namespace tapestry {
namespace {

using kernels::Pool2dGeometry;

constexpr auto channels_last = MemoryFormat::channels_last;

Tensor spread(const Pool2dGeometry& geometry, bool count_include_pad, const Tensor& gradient);

struct AvgPool2d {
  static constexpr std::string_view name = "avg_pool2d";
  Pool2dGeometry geometry_;
  bool count_include_pad_;

  Array forward(const Tensor& x) const {
    const Array image = x.array().contiguous(channels_last);
    Array y = Array::empty(detail::pooled_shape(geometry_), x.dtype(), channels_last);
    visit_floating(name, x.dtype(), [&]<class T>() {
      kernels::avg_pool2d(geometry_, count_include_pad_, image.data<T>(), y.mutable_data<T>());
    });
    return y;
  }
  Tensor backward(const Tensor& gradient) const { return spread(geometry_, count_include_pad_, gradient); }
};

struct AvgPool2dAdjoint {
  static constexpr std::string_view name = "avg_pool2d_gradient";
  Pool2dGeometry geometry_;
  bool count_include_pad_;

  Array forward(const Tensor& gradient) const {
    const Array dy = gradient.array().contiguous(channels_last);
    Array dx = Array::empty(detail::image_shape(geometry_), dy.dtype(), channels_last);
    visit_floating(name, dy.dtype(), [&]<class T>() {
      kernels::avg_pool2d_adjoint(geometry_, count_include_pad_, dy.data<T>(), dx.mutable_data<T>());
    });
    return dx;
  }
  Tensor backward(const Tensor& gradient) const {
    return record(AvgPool2d{.geometry_ = geometry_, .count_include_pad_ = count_include_pad_}, gradient);
  }
};

Tensor spread(const Pool2dGeometry& geometry, bool count_include_pad, const Tensor& gradient) {
  return record(AvgPool2dAdjoint{.geometry_ = geometry, .count_include_pad_ = count_include_pad}, gradient);
}

}  // namespace

Tensor avg_pool2d(const Tensor& x, const AvgPool2dOptions& options) {
  const Pool2dGeometry geometry = detail::pool2d_geometry(AvgPool2d::name, x, options);
  return record(AvgPool2d{.geometry_ = geometry, .count_include_pad_ = options.count_include_pad}, x);
}

}  // namespace tapestry
