// Reductions. Sums, means, extrema and norms over one axis, several, or all of them (the default, as is an empty list).
// Negative axes count from the end. Reduced axes are dropped from the result, or kept with size 1 if `keepdim`. Sums of
// f32 accumulate in double precision. Denormal numbers count as zero.
#pragma once

#include <cstdint>

#include <tapestry/autograd/ops/axes.hpp>
#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// The sum over some axes, or of all elements; 0 for none.
///
/// Shapes: x (N, C, W) with axes {0, 2} → (C), or (1, C, 1) with `keepdim`; without axes → ().
/// Throws: ShapeError for an axis that is out of range or listed twice; DTypeError unless x is floating.
/// Source: PyTorch's `torch.sum`.
/// Example: sum(Array::full({2, 3}, 2), {1}).array().at({1}) == 6
Tensor sum(const Tensor& x, const Axes& axes = {}, bool keepdim = false);

/// The mean over some axes, or of all elements.
///
/// Shapes: x (N, C, W) with axes {0, 2} → (C), or (1, C, 1) with `keepdim`; without axes → ().
/// Throws: ValueError for a mean of no elements; ShapeError for an axis that is out of range or listed twice;
/// DTypeError unless x is floating.
/// Source: PyTorch's `torch.mean`.
/// Example: mean(Array::from<float>({4}, {1, 2, 3, 6})).item() == 3
Tensor mean(const Tensor& x, const Axes& axes = {}, bool keepdim = false);

struct VarOptions {
  double correction = 1;  ///< subtracted from the number of elements: 1 for an unbiased estimate, 0 for the mean square
  bool keepdim = false;   ///< keeps the reduced axes, with size 1
};

/// The variance over some axes, or of all elements: Σ (x − mean)² / (n − correction) for n elements, computed from
/// deviations, so that a large mean costs no precision.
///
/// Shapes: x (N, C, W) with axes {0, 2} → (C), or (1, C, 1) with `keepdim`; without axes → ().
/// Throws: ValueError unless there are more elements than the correction; ShapeError for an axis that is out of range
/// or listed twice; DTypeError unless x is floating.
/// Source: PyTorch's `torch.var`.
/// Example: var(Array::from<float>({3}, {1, 2, 3})).item() == 1
Tensor var(const Tensor& x, const Axes& axes = {}, const VarOptions& options = {});

/// The p-norm over some axes, or of all elements, taken as a vector: (Σ |x|ᵖ)^{1/p}, and max |x| for infinite p. It is
/// computed relative to the largest element, so it neither overflows nor underflows; denormal numbers count as zero.
/// The derivative where the norm is 0 is 0; for infinite p, ties share the gradient evenly.
///
/// Shapes: x (N, C, W) with axes {0, 2} → (C), or (1, C, 1) with `keepdim`; without axes → ().
/// Throws: ValueError unless p > 0, and for infinite p over no elements; ShapeError for an axis that is out of range or
/// listed twice; DTypeError unless x is floating.
/// Source: PyTorch's `torch.linalg.vector_norm`.
/// Example: norm(Array::from<float>({2}, {3e30F, 4e30F})).item() == 5e30F
Tensor norm(const Tensor& x, double p = 2, const Axes& axes = {}, bool keepdim = false);

/// The largest element over some axes, or of all; NaN if any is NaN. Ties share the gradient evenly.
///
/// Shapes: x (N, C, W) with axes {0, 2} → (C), or (1, C, 1) with `keepdim`; without axes → ().
/// Throws: ValueError for a maximum of no elements; ShapeError for an axis that is out of range or listed twice.
/// Source: PyTorch's `torch.amax`.
/// Example: amax(Array::from<float>({2, 2}, {1, 2, 4, 3}), {1}).array().at({1}) == 4
Tensor amax(const Tensor& x, const Axes& axes = {}, bool keepdim = false);

/// The smallest element over some axes, or of all; NaN if any is NaN. Ties share the gradient evenly.
///
/// Shapes: x (N, C, W) with axes {0, 2} → (C), or (1, C, 1) with `keepdim`; without axes → ().
/// Throws: ValueError for a minimum of no elements; ShapeError for an axis that is out of range or listed twice.
/// Source: PyTorch's `torch.amin`.
/// Example: amin(Array::from<float>({2, 2}, {1, 2, 4, 3}), {1}).array().at({1}) == 3
Tensor amin(const Tensor& x, const Axes& axes = {}, bool keepdim = false);

/// Elements and their indices.
struct ValuesAndIndices {
  Tensor values;
  Array indices;  ///< i64, along the axis
};

/// The largest element along an axis and its index: the first among equals, and the first NaN if there is one. The
/// gradient goes to that element only.
///
/// Shapes: x (N, C) with axis 1 → values and indices (N), or (N, 1) with `keepdim`.
/// Throws: ValueError for a maximum of no elements; ShapeError for an axis that is out of range.
/// Source: PyTorch's `torch.max`.
/// Example: max(Array::from<float>({1, 4}, {1, 5, 5, 2}), 1).indices.at({0}) == 1
ValuesAndIndices max(const Tensor& x, int axis, bool keepdim = false);

/// The smallest element along an axis and its index: the first among equals, and the first NaN if there is one. The
/// gradient goes to that element only.
///
/// Shapes: x (N, C) with axis 1 → values and indices (N), or (N, 1) with `keepdim`.
/// Throws: ValueError for a minimum of no elements; ShapeError for an axis that is out of range.
/// Source: PyTorch's `torch.min`.
/// Example: min(Array::from<float>({1, 4}, {1, 5, 0, 0}), 1).indices.at({0}) == 2
ValuesAndIndices min(const Tensor& x, int axis, bool keepdim = false);

/// The index of the largest element along an axis, or among all elements in row-major order: the first among equals,
/// and the first NaN if there is one.
///
/// Shapes: x (N, C) with axis 1 → i64 (N), or (N, 1) with `keepdim`; without an axis → ().
/// Throws: ValueError for a maximum of no elements; ShapeError for an axis that is out of range.
/// Source: PyTorch's `torch.argmax`.
/// Example: argmax(Array::from<float>({2, 2}, {1, 2, 4, 3})).item() == 2
Array argmax(const Tensor& x);
Array argmax(const Tensor& x, int axis, bool keepdim = false);

/// The index of the smallest element along an axis, or among all elements in row-major order: the first among equals,
/// and the first NaN if there is one.
///
/// Shapes: x (N, C) with axis 1 → i64 (N), or (N, 1) with `keepdim`; without an axis → ().
/// Throws: ValueError for a minimum of no elements; ShapeError for an axis that is out of range.
/// Source: PyTorch's `torch.argmin`.
/// Example: argmin(Array::from<float>({2, 2}, {2, 1, 4, 3})).item() == 1
Array argmin(const Tensor& x);
Array argmin(const Tensor& x, int axis, bool keepdim = false);

/// The k largest (or smallest) elements along an axis and their indices, in descending (or ascending) order; equal
/// elements keep their order, and NaN counts as larger than everything.
///
/// Shapes: x (N, C) with axis 1 → values and indices (N, k).
/// Throws: ValueError unless 0 ≤ k ≤ the size of the axis; ShapeError for an axis that is out of range.
/// Source: PyTorch's `torch.topk`.
/// Example: topk(Array::from<float>({4}, {1, 7, 3, 5}), 2).indices.at({1}) == 3
ValuesAndIndices topk(const Tensor& x, std::int64_t k, int axis = -1, bool largest = true);

/// The sum over every axis that `shape` lacks or has as 1: the adjoint of `broadcast_to`.
///
/// Shapes: x (N, C, W) with shape (C, 1) → (C, 1).
/// Throws: ShapeError when `shape` does not broadcast to that of x; DTypeError unless x is floating.
/// Source: PyTorch's `Tensor.sum_to_size`.
/// Example: sum_to(Tensor(Array::full({2, 3}, 2)), {2, 1}).array().at({1, 0}) == 6
Tensor sum_to(const Tensor& x, const Shape& shape);

/// x repeated along new leading axes and along axes of size 1.
///
/// Shapes: x (C, 1) with shape (N, C, W) → (N, C, W).
/// Throws: ShapeError when x does not broadcast to `shape`.
/// Source: PyTorch's `torch.broadcast_to`.
/// Example: broadcast_to(Array::full({2, 1}, 7), {2, 3}).array().at({1, 2}) == 7
Tensor broadcast_to(const Tensor& x, const Shape& shape);

}  // namespace tapestry
