// Reshaping, slicing and joining. These operators accept every dtype; floating ones are differentiable. Negative axes
// count from the end: −1 is the last.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include <tapestry/autograd/ops/axes.hpp>
#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// The same elements, in row-major order, in another shape; one size may be −1 and is inferred from the others.
///
/// Shapes: x of any shape → any shape of as many elements.
/// Throws: ShapeError when the numbers of elements differ.
/// Source: PyTorch's `torch.reshape`.
/// Example: reshape(Array::zeros({4, 6}), {3, -1}).shape() == Shape{3, 8}
Tensor reshape(const Tensor& x, std::initializer_list<std::int64_t> sizes);
Tensor reshape(const Tensor& x, const Shape& shape);

/// Merges axes `first` to `last`, inclusive, into one. A scalar becomes a vector of one element.
///
/// Shapes: x (N, C, H, W) with `first` = 1 → (N, C·H·W).
/// Throws: ShapeError for an axis that is out of range, or a `first` after `last`.
/// Source: PyTorch's `torch.flatten`.
/// Example: flatten(Array::zeros({2, 3, 4, 5}), 1, 2).shape() == Shape{2, 12, 5}
Tensor flatten(const Tensor& x, int first = 0, int last = -1);

/// Reorders the axes: axis i of the result is axis `axes[i]` of x.
///
/// Shapes: x (N, C, H, W) with axes {0, 2, 3, 1} → (N, H, W, C).
/// Throws: ShapeError unless `axes` names every axis once.
/// Source: PyTorch's `torch.permute`.
/// Example: permute(Array::zeros({2, 3, 4, 5}), {0, 2, 3, 1}).shape() == Shape{2, 4, 5, 3}
Tensor permute(const Tensor& x, const std::vector<int>& axes);

/// Swaps two axes.
///
/// Shapes: x (B, R, C) with axes −1 and −2 → (B, C, R).
/// Throws: ShapeError for an axis that is out of range.
/// Source: PyTorch's `torch.transpose`.
/// Example: transpose(Array::from<float>({1, 2}, {7, 8}), 0, 1).array().at({1, 0}) == 8
Tensor transpose(const Tensor& x, int axis_a, int axis_b);

/// Reverses the order of the elements along each of `axes`.
///
/// Shapes: x of any shape → the same.
/// Throws: ShapeError for an axis that is out of range or listed twice.
/// Source: PyTorch's `torch.flip`.
/// Example: flip(Array::from<float>({3}, {1, 2, 3}), {0}).array().to_vector<float>() == std::vector<float>{3, 2, 1}
Tensor flip(const Tensor& x, const Axes& axes);

/// Elements [begin, end) along an axis.
///
/// Shapes: x (N, C) with axis 1 → (N, end − begin).
/// Throws: ShapeError unless 0 ≤ begin ≤ end ≤ the size of the axis.
/// Source: PyTorch's `torch.narrow`.
/// Example: slice(Array::zeros({4, 7}), 1, 2, 5).shape() == Shape{4, 3}
Tensor slice(const Tensor& x, int axis, std::int64_t begin, std::int64_t end);

/// Splits an axis into parts of `size` elements, the last of which may be shorter; or into parts of the given sizes.
///
/// Shapes: x (7, W) with size 3 and axis 0 → (3, W), (3, W), (1, W).
/// Throws: ValueError for a size below 1; ShapeError for an axis that is out of range, or sizes that do not add up to
/// it.
/// Source: PyTorch's `torch.split`.
/// Example: split(Array::zeros({7, 2}), 3)[2].shape() == Shape{1, 2}
std::vector<Tensor> split(const Tensor& x, std::int64_t size, int axis = 0);
std::vector<Tensor> split(const Tensor& x, const std::vector<std::int64_t>& sizes, int axis = 0);

/// Splits an axis into `chunks` parts of equal size, the size of the axis divided by `chunks`, rounded up: the last
/// part may be shorter, and there may be fewer parts than requested.
///
/// Shapes: x (7, W) with 3 chunks along axis 0 → (3, W), (3, W), (1, W).
/// Throws: ValueError for fewer chunks than 1; ShapeError for an axis that is out of range.
/// Source: PyTorch's `torch.chunk`.
/// Example: chunk(Array::zeros({2, 6}), 3, 1).size() == 3
std::vector<Tensor> chunk(const Tensor& x, std::int64_t chunks, int axis = 0);

/// Concatenates tensors along an existing axis.
///
/// Shapes: (N, C₁), (N, C₂) with axis 1 → (N, C₁ + C₂).
/// Throws: ShapeError for no tensors, or when they differ along another axis; DTypeError unless all have the same
/// dtype.
/// Source: PyTorch's `torch.cat`.
/// Example: cat({Array::zeros({2, 3}), Array::zeros({2, 4})}, 1).shape() == Shape{2, 7}
Tensor cat(const std::vector<Tensor>& tensors, int axis = 0);

/// Joins tensors of equal shape along a new axis.
///
/// Shapes: K tensors (C, H) with axis 1 → (C, K, H).
/// Throws: ShapeError for no tensors, or shapes that differ; DTypeError unless all have the same dtype.
/// Source: PyTorch's `torch.stack`.
/// Example: stack({Array::zeros({2, 3}), Array::zeros({2, 3})}, -1).shape() == Shape{2, 3, 2}
Tensor stack(const std::vector<Tensor>& tensors, int axis = 0);

/// x repeated along new leading axes and along axes of size 1; a size of −1 keeps that of x.
///
/// Shapes: x (3, 1) with sizes {2, −1, 4} → (2, 3, 4).
/// Throws: ShapeError when x does not expand to the sizes.
/// Source: PyTorch's `Tensor.expand`.
/// Example: expand(Array::zeros({3, 1}), {2, -1, 4}).shape() == Shape{2, 3, 4}
Tensor expand(const Tensor& x, const std::vector<std::int64_t>& sizes);

/// Removes axes of size 1: all of them, or those among `axes`.
///
/// Shapes: x (N, 1, W, 1) → (N, W); with axis 1 → (N, W, 1).
/// Throws: ShapeError for an axis that is out of range.
/// Source: PyTorch's `torch.squeeze`.
/// Example: squeeze(Array::zeros({2, 1, 3, 1}), 1).shape() == Shape{2, 3, 1}
Tensor squeeze(const Tensor& x);
Tensor squeeze(const Tensor& x, const Axes& axes);

/// Inserts an axis of size 1 at position `axis`.
///
/// Shapes: x (N, C) with axis 1 → (N, 1, C); with axis −1 → (N, C, 1).
/// Throws: ShapeError for a position that is out of range.
/// Source: PyTorch's `torch.unsqueeze`.
/// Example: unsqueeze(Array::zeros({2, 3}), -1).shape() == Shape{2, 3, 1}
Tensor unsqueeze(const Tensor& x, int axis);

}  // namespace tapestry
