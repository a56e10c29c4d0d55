// Checks and output sizes of the pooling operators.
#pragma once

#include <string_view>

#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/core/shape.hpp>
#include <tapestry/kernels/pool/pool2d.hpp>

namespace tapestry::detail {

/// The geometry of pooling `x`. Throws as the operator with these options does, naming `operation`. A sequence of
/// `max_pool1d` is an image of one row and one channel, so that its row-major memory is pooled in place.
kernels::Pool2dGeometry pool_geometry(std::string_view operation, const Tensor& x, const MaxPool1dOptions& options);
kernels::Pool2dGeometry pool_geometry(std::string_view operation, const Tensor& x, const MaxPool2dOptions& options);
kernels::Pool2dGeometry pool_geometry(std::string_view operation, const Tensor& x, const AvgPool1dOptions& options);
kernels::Pool2dGeometry pool_geometry(std::string_view operation, const Tensor& x, const AvgPool2dOptions& options);
kernels::Pool2dGeometry adaptive_geometry(std::string_view operation, const Tensor& x, Pair output_size);

/// The shape of the images, and that of the result.
Shape image_shape(const kernels::Pool2dGeometry& geometry);
Shape pooled_shape(const kernels::Pool2dGeometry& geometry);

/// Throws a ShapeError naming `operation` unless `x` is a batch of images with channels and pixels, and a DTypeError
/// unless it is floating.
void check_images(std::string_view operation, const Tensor& x);

}  // namespace tapestry::detail
