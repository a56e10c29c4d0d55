// Images as columns of their windows, and back.
#pragma once

#include <cstdint>
#include <string_view>

#include <tapestry/autograd/ops/pair.hpp>
#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/required.hpp>

namespace tapestry {

struct UnfoldOptions {
  Required<Pair> kernel_size;  ///< pixels that a window reads
  Pair dilation = 1;           ///< pixels from one of them to the next
  Pair padding = 0;            ///< zeros on either side of the image
  Pair stride = 1;             ///< pixels from one window to the next
};

struct FoldOptions {
  Required<Pair> output_size;  ///< pixels of the image
  Required<Pair> kernel_size;  ///< pixels that a window reads
  Pair dilation = 1;           ///< pixels from one of them to the next
  Pair padding = 0;            ///< zeros on either side of the image, which are cut off
  Pair stride = 1;             ///< pixels from one window to the next
};

/// y[n, (c·kh + r)·kw + s, i·W′ + j] = x[n, c, i·stride + r·dilation − padding, j·… + s·…]: the windows of conv2d, a
/// column each, so that a convolution is a product of matrices. L = H′·W′, sizes as of conv2d.
///
/// Shapes: x (N, C, H, W) → (N, C·kh·kw, L).
/// Throws: ShapeError unless x has rank 4 and pixels, and for a kernel larger than the padded image; ValueError for
/// options out of range; DTypeError unless x is floating.
/// Source: PyTorch's `torch.nn.functional.unfold`.
/// Example: unfold(Array::zeros({2, 3, 4, 5}), {.kernel_size = Pair(2, 3)}).shape() == Shape{2, 18, 9}
Tensor unfold(const Tensor& x, const UnfoldOptions& options);

/// The adjoint of unfold: every pixel is the sum of its places in the columns, so that fold(unfold(x)) is x times the
/// number of windows that a pixel is in.
///
/// Shapes: x (N, C·kh·kw, L) → (N, C, H, W) with the height and width of output_size.
/// Throws: ShapeError unless x has rank 3 and the sizes that the options make of such images, and for a kernel larger
/// than the padded image; ValueError for options out of range; DTypeError unless x is floating.
/// Source: PyTorch's `torch.nn.functional.fold`.
/// Example: fold(Array::full({1, 4, 2}, 1), {.output_size = Pair(2, 3), .kernel_size = 2}).array().at({0, 0, 1, 1}) ==
/// 2
Tensor fold(const Tensor& x, const FoldOptions& options);

/// Throw a ValueError naming `operation` for a kernel, stride, dilation or output size below 1, or a negative padding.
void check_unfold_options(std::string_view operation, const UnfoldOptions& options);
void check_fold_options(std::string_view operation, const FoldOptions& options);

}  // namespace tapestry
