// Sums and means. Floating types only; sums of f32 are added up in double precision.
#pragma once

#include <vector>

#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// The sum of all elements, a scalar.
Tensor sum(const Tensor& x);
/// The sums over some axes (negative ones count from the end), which are dropped, or stay with size 1 when `keepdim`.
/// Throws a ShapeError for an axis that is not there or comes twice.
Tensor sum(const Tensor& x, const std::vector<int>& axes, bool keepdim = false);
/// The mean of all elements, a scalar. Throws a ValueError when there is none.
Tensor mean(const Tensor& x);
/// The means over some axes, as `sum` takes them. Throws a ValueError when one would be of no elements.
Tensor mean(const Tensor& x, const std::vector<int>& axes, bool keepdim = false);

/// The sum over every axis that `shape` lacks or has as 1: the adjoint of `broadcast_to`. Throws a ShapeError when
/// `shape` does not broadcast to that of `x`.
Tensor sum_to(const Tensor& x, const Shape& shape);
/// `x` repeated along new axes and along axes of size 1. Throws a ShapeError when `x` does not broadcast to `shape`.
Tensor broadcast_to(const Tensor& x, const Shape& shape);

}  // namespace tapestry
