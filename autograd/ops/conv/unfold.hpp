// Unfold and fold (im2col and col2im).
#pragma once

#include <cstdint>
#include <string_view>

#include <tapestry/autograd/ops/pair.hpp>
#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/required.hpp>

namespace tapestry {

struct UnfoldOptions {
  Required<Pair> kernel_size;  ///< size of a window
  Pair dilation = 1;           ///< pixels between neighboring elements of a window
  Pair padding = 0;            ///< zeros on either side of the image
  Pair stride = 1;             ///< pixels between neighboring windows

  /// Throws a ValueError naming `operation` for a kernel size, dilation or stride below 1, or a negative padding.
  void check(std::string_view operation) const;
};

struct FoldOptions {
  Required<Pair> output_size;  ///< height and width of the image
  Required<Pair> kernel_size;  ///< size of a window
  Pair dilation = 1;           ///< pixels between neighboring elements of a window
  Pair padding = 0;            ///< padding on either side of the image, which is removed
  Pair stride = 1;             ///< pixels between neighboring windows

  /// Throws as `UnfoldOptions::check`, and for an output size below 1.
  void check(std::string_view operation) const;
};

/// y[n, (c·kh + r)·kw + s, i·W′ + j] = x[n, c, i·stride + r·dilation − padding, j·… + s·…]: the windows of conv2d as
/// columns, which makes a convolution a matrix product. L = H′·W′ with the output sizes of conv2d.
///
/// Shapes: x (N, C, H, W) → (N, C·kh·kw, L).
/// Throws: ShapeError unless x has rank 4 and at least one pixel, and for a kernel larger than the padded image;
/// ValueError for options out of range; DTypeError unless x is floating.
/// Source: PyTorch's `torch.nn.functional.unfold`.
/// Example: unfold(Array::zeros({2, 3, 4, 5}), {.kernel_size = Pair(2, 3)}).shape() == Shape{2, 18, 9}
Tensor unfold(const Tensor& x, const UnfoldOptions& options);

/// The adjoint of unfold: every pixel is the sum of its occurrences in the columns, so fold(unfold(x)) is x times the
/// number of windows that contain each pixel.
///
/// Shapes: x (N, C·kh·kw, L) → (N, C, H, W) with the height and width of output_size.
/// Throws: ShapeError unless x has rank 3 and the sizes that follow from the options, and for a kernel larger than the
/// padded image; ValueError for options out of range; DTypeError unless x is floating.
/// Source: PyTorch's `torch.nn.functional.fold`.
/// Example: fold(Array::full({1, 4, 2}, 1), {.output_size = Pair(2, 3), .kernel_size = 2}).array().at({0, 0, 1, 1}) ==
/// 2
Tensor fold(const Tensor& x, const FoldOptions& options);

}  // namespace tapestry
