// Checks and output sizes of convolutions. A sequence is treated as an image of one row: `axes` is 1 for sequences and
// 2 for images, and determines the wording of errors.
#pragma once

#include <string_view>

#include <tapestry/autograd/ops/conv/conv.hpp>

namespace tapestry::detail {

Conv2dOptions as_image(const Conv1dOptions& options);
ConvTranspose2dOptions as_image(const ConvTranspose1dOptions& options);
/// (A, B, L) → (A, B, 1, L).
Tensor as_image(const Tensor& sequence);
/// (A, B, 1, L) → (A, B, L).
Tensor as_sequence(const Tensor& image);

/// Throws a ValueError naming `operation` and `option` for a value below `least`.
void check_option(std::string_view operation, int axes, std::string_view option, Pair value, std::int64_t least);

/// Height and width of an image, or of the kernel of a weight; a sequence has height 1.
Pair image_size(const Tensor& x);

/// Throws a ShapeError naming `operation` unless the rank of the weight is axes + 2.
void check_weight_rank(std::string_view operation, int axes, const Tensor& weight, bool is_transposed);

/// Throws a ShapeError or DTypeError naming `operation` unless input, weight and bias match. Requires a weight of the
/// right rank.
void check_conv_operands(std::string_view operation, int axes, const Tensor& x, const Tensor& weight,
                         const Tensor& bias, std::int64_t groups, bool is_transposed);

/// The sizes along one axis, with `padding` on either side.
struct AxisSizes {
  std::int64_t in, kernel, stride, padding, dilation;
};

/// dilation · (kernel − 1) + 1. Throws a ShapeError when it, or the padded size, overflows.
std::int64_t kernel_extent(std::string_view operation, std::string_view axis, const AxisSizes& sizes);

/// The number of windows. Throws a ShapeError when the kernel is larger than the padded `image`.
std::int64_t window_count(std::string_view operation, std::string_view axis, const AxisSizes& sizes,
                          std::string_view image = "input");

/// The output size of a transposed convolution of `in` windows. Throws a ShapeError when it is below 1 or overflows.
std::int64_t transposed_size(std::string_view operation, std::string_view axis, const AxisSizes& sizes,
                             std::int64_t output_padding);

}  // namespace tapestry::detail
