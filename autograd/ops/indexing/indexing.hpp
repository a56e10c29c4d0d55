// Indexing: gather, scatter and select. Indices are i64 arrays, counted from 0; an index out of range is a ValueError
// with its position and value.
#pragma once

#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// Slices of x along an axis, selected by index: slice i of the result is slice indices[i] of x.
///
/// Shapes: x (V, D), indices (K) with axis 0 → (K, D).
/// Throws: ShapeError for an axis that is out of range or indices whose rank is not 1; DTypeError unless they are i64;
/// ValueError for an index out of range.
/// Source: PyTorch's `torch.index_select`.
/// Example: index_select(Array::from<float>({3}, {5, 6, 7}), 0, Array::full({1}, 2, DType::i64)).array().item() == 7
Tensor index_select(const Tensor& x, int axis, const Array& indices);

/// The elements of x that `indices` select along an axis: for a matrix and axis 1, result[i][j] = x[i][indices[i][j]].
///
/// Shapes: x (R, C), indices (r, k) with r ≤ R and axis 1 → (r, k).
/// Throws: ShapeError for an axis that is out of range, indices of another rank or, along another axis, larger than x;
/// DTypeError unless they are i64; ValueError for an index out of range.
/// Source: PyTorch's `torch.gather`.
/// Example: gather(Array::from<float>({1, 3}, {5, 6, 7}), 1, Array::full({1, 1}, 2, DType::i64)).item() == 7
Tensor gather(const Tensor& x, int axis, const Array& indices);

/// x with every element of `source` added at its index along an axis: for a matrix and axis 1, result[i][indices[i][j]]
/// += source[i][j]. Elements are added in the order of the indices, at any number of threads.
///
/// Shapes: x (R, C), indices (r, k), source (s, t) with r ≤ R, r ≤ s, k ≤ t and axis 1 → (R, C).
/// Throws: ShapeError for an axis that is out of range, ranks that differ, or indices larger than `source` or, along
/// another axis, than x; DTypeError unless they are i64, and x and `source` of one floating dtype; ValueError for an
/// index out of range.
/// Source: PyTorch's `torch.scatter_add`.
/// Example: scatter_add(Array::zeros({3}), 0, Array::full({2}, 1, DType::i64), Array::full({2}, 4)).array().at({1}) ==
/// 8
Tensor scatter_add(const Tensor& x, int axis, const Array& indices, const Tensor& source);

}  // namespace tapestry
