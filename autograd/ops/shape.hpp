// Operators that move elements without computing.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// The same elements, in row-major order, in another shape; one size may be −1 and follows from the others. Throws a
/// ShapeError when the numbers of elements differ.
Tensor reshape(const Tensor& x, std::initializer_list<std::int64_t> sizes);
Tensor reshape(const Tensor& x, const Shape& shape);
/// Axes `first` to `last` (both included; negative ones count from the end) made one. (N, C, H, W) → (N, C·H·W) with
/// `first` = 1.
Tensor flatten(const Tensor& x, int first = 0, int last = -1);
/// A matrix (R, C) transposed to (C, R).
Tensor transpose(const Tensor& x);
/// Elements [begin, end) along an axis. Throws a ShapeError when that is not within the axis.
Tensor slice(const Tensor& x, int axis, std::int64_t begin, std::int64_t end);
/// Tensors of one dtype joined along an axis. Throws a ShapeError for none, or when they differ along another axis.
Tensor cat(const std::vector<Tensor>& tensors, int axis = 0);

}  // namespace tapestry
