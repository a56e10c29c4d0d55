// The checks and sizes that the pooling operators share.
#pragma once

#include <string_view>

#include <tapestry/autograd/ops/pooling.hpp>
#include <tapestry/core/shape.hpp>
#include <tapestry/kernels/pool2d.hpp>

namespace tapestry::detail {

/// The geometry of pooling `x`. Throws what `max_pool2d` throws, naming `operation`.
kernels::Pool2dGeometry pool2d_geometry(std::string_view operation, const Tensor& x, const MaxPool2dOptions& options);
kernels::Pool2dGeometry pool2d_geometry(std::string_view operation, const Tensor& x, const AvgPool2dOptions& options);

/// The shape of the image, and that of the result.
Shape image_shape(const kernels::Pool2dGeometry& geometry);
Shape pooled_shape(const kernels::Pool2dGeometry& geometry);

/// Throws a ShapeError naming `operation` unless `x` is a batch of images with channels and pixels, and a DTypeError
/// unless it is floating.
void check_images(std::string_view operation, const Tensor& x);

}  // namespace tapestry::detail
