// Maximum pooling in all its forms: windows of fixed size, along one axis, or adaptive.
#include <tapestry/autograd/ops/pool/detail/pool_geometry.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/kernels/pool/max_pool2d.hpp>

namespace tapestry {
namespace {

using kernels::Pool2dGeometry;

constexpr auto channels_last = MemoryFormat::channels_last;

/// The tap of the maximum of every window of `geometry`, stored in bytes if they suffice.
Array make_taps(const Pool2dGeometry& geometry) {
  const bool is_small = geometry.rows.kernel <= 256 && geometry.columns.kernel <= 256 &&
                        geometry.rows.kernel * geometry.columns.kernel <= 256;
  return Array::empty(detail::pooled_shape(geometry), is_small ? DType::u8 : DType::i64, channels_last);
}

/// Calls `body` with the types of the values and of the taps.
template <class Body>
void visit_types(std::string_view operation, DType values, DType taps, const Body& body) {
  visit_floating(operation, values, [&]<class T>() {
    if (taps == DType::u8) {
      body.template operator()<T, std::uint8_t>();
    } else {
      body.template operator()<T, std::int64_t>();
    }
  });
}

// For given taps both are linear, and each is the other's adjoint.
Tensor scatter(const Pool2dGeometry& geometry, const Array& taps, const Tensor& gradient);
Tensor gather(const Pool2dGeometry& geometry, const Array& taps, const Tensor& x);

struct MaxPool2dScatter {
  static constexpr std::string_view name = "max_pool2d_gradient";
  Pool2dGeometry geometry_;
  Array taps_;

  Array forward(const Tensor& gradient) const {
    const Array dy = gradient.array().contiguous(channels_last);
    Array dx = Array::empty(detail::image_shape(geometry_), dy.dtype(), channels_last);
    visit_types(name, dy.dtype(), taps_.dtype(), [&]<class T, class Tap>() {
      kernels::max_pool2d_scatter(geometry_, dy.data<T>(), taps_.data<Tap>(), dx.mutable_data<T>());
    });
    return dx;
  }
  Tensor backward(const Tensor& gradient) const { return gather(geometry_, taps_, gradient); }
};

struct MaxPool2dGather {
  static constexpr std::string_view name = "max_pool2d_gather";
  Pool2dGeometry geometry_;
  Array taps_;

  Array forward(const Tensor& x) const {
    const Array image = x.array().contiguous(channels_last);
    Array y = Array::empty(detail::pooled_shape(geometry_), x.dtype(), channels_last);
    visit_types(name, x.dtype(), taps_.dtype(), [&]<class T, class Tap>() {
      kernels::max_pool2d_gather(geometry_, image.data<T>(), taps_.data<Tap>(), y.mutable_data<T>());
    });
    return y;
  }
  Tensor backward(const Tensor& gradient) const { return scatter(geometry_, taps_, gradient); }
};

struct MaxPool2d {
  static constexpr std::string_view name = "max_pool2d";
  Pool2dGeometry geometry_;
  Array taps_;  ///< filled by forward

  Array forward(const Tensor& x) {
    const Array image = x.array().contiguous(channels_last);
    Array y = Array::empty(detail::pooled_shape(geometry_), x.dtype(), channels_last);
    visit_types(name, x.dtype(), taps_.dtype(), [&]<class T, class Tap>() {
      kernels::max_pool2d(geometry_, image.data<T>(), y.mutable_data<T>(), taps_.mutable_data<Tap>());
    });
    return y;
  }
  Tensor backward(const Tensor& gradient) const { return scatter(geometry_, taps_, gradient); }
};

Tensor scatter(const Pool2dGeometry& geometry, const Array& taps, const Tensor& gradient) {
  return record(MaxPool2dScatter{.geometry_ = geometry, .taps_ = taps}, gradient);
}
Tensor gather(const Pool2dGeometry& geometry, const Array& taps, const Tensor& x) {
  return record(MaxPool2dGather{.geometry_ = geometry, .taps_ = taps}, x);
}

Tensor pooled(const Pool2dGeometry& geometry, const Tensor& x) {
  return record(MaxPool2d{.geometry_ = geometry, .taps_ = make_taps(geometry)}, x);
}

MaxPoolResult pooled_with_indices(const Pool2dGeometry& geometry, const Tensor& x) {
  const Array taps = make_taps(geometry);
  const Tensor values = record(MaxPool2d{.geometry_ = geometry, .taps_ = taps}, x);
  Array indices = Array::empty(taps.shape(), DType::i64, channels_last);
  visit_types(MaxPool2d::name, x.dtype(), taps.dtype(), [&]<class, class Tap>() {
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
