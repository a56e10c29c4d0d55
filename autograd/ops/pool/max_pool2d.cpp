// Max pooling: fixed windows, along one axis, adaptive, or over the whole image.
#include <tapestry/autograd/ops/detail/linear_operator.hpp>
#include <tapestry/autograd/ops/detail/run_kernel.hpp>
#include <tapestry/autograd/ops/pool/detail/pool_geometry.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/kernels/pool/max_pool2d.hpp>

namespace tapestry {
namespace {

using kernels::Pool2dGeometry;

using MemoryFormat::channels_last;

/// An array for the tap of the maximum of every window, stored in bytes if they suffice.
Array make_taps(const Pool2dGeometry& geometry) {
  const bool is_small = geometry.rows.kernel <= 256 && geometry.columns.kernel <= 256 &&
                        geometry.rows.kernel * geometry.columns.kernel <= 256;
  return Array::empty(detail::pooled_shape(geometry), is_small ? DType::u8 : DType::i64, channels_last);
}

/// Calls `body` with the type of the taps.
template <class Body>
void visit_taps(const Array& taps, const Body& body) {
  if (taps.dtype() == DType::u8) {
    body.template operator()<std::uint8_t>();
  } else {
    body.template operator()<std::int64_t>();
  }
}

/// For given taps, the element at the tap of every window.
struct MaxPool2dGather {
  static constexpr std::string_view name = "max_pool2d_gather";
  static constexpr std::string_view adjoint_name = "max_pool2d_gradient";
  Pool2dGeometry geometry_;
  Array taps_;

  Array forward(const Tensor& x) const {
    return detail::run_kernel(name, x, detail::pooled_shape(geometry_), channels_last, [&](const auto* in, auto* y) {
      visit_taps(taps_, [&]<class Tap>() { kernels::max_pool2d_gather(geometry_, in, taps_.data<Tap>(), y); });
    });
  }

  Array adjoint(const Tensor& gradient) const {
    return detail::run_kernel(
        adjoint_name, gradient, detail::image_shape(geometry_), channels_last, [&](const auto* dy, auto* dx) {
          visit_taps(taps_, [&]<class Tap>() { kernels::max_pool2d_scatter(geometry_, dy, taps_.data<Tap>(), dx); });
        });
  }
};

struct MaxPool2d {
  static constexpr std::string_view name = "max_pool2d";
  Pool2dGeometry geometry_;
  Array taps_;  ///< filled by forward

  Array forward(const Tensor& x) {
    return detail::run_kernel(name, x, taps_.shape(), channels_last, [&](const auto* in, auto* y) {
      visit_taps(taps_, [&]<class Tap>() { kernels::max_pool2d(geometry_, in, y, taps_.mutable_data<Tap>()); });
    });
  }

  Tensor backward(const Tensor& gradient) const {
    return detail::record_adjoint(MaxPool2dGather{.geometry_ = geometry_, .taps_ = taps_}, gradient);
  }
};

Tensor pooled(const Pool2dGeometry& geometry, const Tensor& x) {
  return record(MaxPool2d{.geometry_ = geometry, .taps_ = make_taps(geometry)}, x);
}

MaxPoolResult pooled_with_indices(const Pool2dGeometry& geometry, const Tensor& x) {
  const Array taps = make_taps(geometry);
  const Tensor values = record(MaxPool2d{.geometry_ = geometry, .taps_ = taps}, x);
  Array indices = Array::empty(taps.shape(), DType::i64, channels_last);
  visit_taps(taps, [&]<class Tap>() {
    kernels::max_pool2d_indices(geometry, taps.data<Tap>(), indices.mutable_data<std::int64_t>());
  });
  return {.values = values, .indices = indices};
}

/// The shape of sequences pooled as images.
Shape sequence_shape(const Tensor& x, const Pool2dGeometry& geometry) {
  return {x.size(0), x.size(1), geometry.columns.out};
}

}  // namespace

Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& options) {
  return pooled(detail::pool_geometry("max_pool2d", x, options), x);
}

MaxPoolResult max_pool2d_with_indices(const Tensor& x, const MaxPool2dOptions& options) {
  return pooled_with_indices(detail::pool_geometry("max_pool2d", x, options), x);
}

Tensor max_pool1d(const Tensor& x, const MaxPool1dOptions& options) {
  const Pool2dGeometry geometry = detail::pool_geometry("max_pool1d", x, options);
  return reshape(pooled(geometry, reshape(x, detail::image_shape(geometry))), sequence_shape(x, geometry));
}

MaxPoolResult max_pool1d_with_indices(const Tensor& x, const MaxPool1dOptions& options) {
  const Pool2dGeometry geometry = detail::pool_geometry("max_pool1d", x, options);
  const MaxPoolResult result = pooled_with_indices(geometry, reshape(x, detail::image_shape(geometry)));
  const Shape shape = sequence_shape(x, geometry);
  return {.values = reshape(result.values, shape), .indices = result.indices.reshape(shape)};
}

Tensor adaptive_max_pool2d(const Tensor& x, Pair output_size) {
  return pooled(detail::adaptive_geometry("adaptive_max_pool2d", x, output_size), x);
}

MaxPoolResult adaptive_max_pool2d_with_indices(const Tensor& x, Pair output_size) {
  return pooled_with_indices(detail::adaptive_geometry("adaptive_max_pool2d", x, output_size), x);
}

Tensor global_max_pool2d(const Tensor& x) {
  return pooled(detail::adaptive_geometry("global_max_pool2d", x, 1), x);
}

}  // namespace tapestry
