// What the convolutions check, and the sizes that follow. Those of a sequence are those of an image of one row: `axes`
// is 1 or 2, and says what the texts speak of.
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

/// Height and width of an image, or of the kernel in a weight.
Pair image_size(const Tensor& x);

/// Throws a ShapeError unless the weight has the rank that it must have.
void check_weight_rank(std::string_view operation, int axes, const Tensor& weight, bool is_transposed);

/// Throws a ShapeError or DTypeError unless input, weight and bias go together. `weight` has the right rank.
void check_conv_operands(std::string_view operation, int axes, const Tensor& x, const Tensor& weight,
                         const Tensor& bias, std::int64_t groups, bool is_transposed);

/// The sizes along one axis; `padding` is on either side.
struct AxisSizes {
  std::int64_t in, kernel, stride, padding, dilation;
};

/// dilation · (kernel − 1) + 1. Throws a ShapeError when it, or the padded size, overflows.
std::int64_t kernel_extent(std::string_view operation, std::string_view axis, const AxisSizes& sizes);

/// How many windows there are. Throws a ShapeError when the kernel is larger than the padded `image`.
std::int64_t window_count(std::string_view operation, std::string_view axis, const AxisSizes& sizes,
                          std::string_view image = "input");

/// The size that a transposed convolution makes of `in` windows. Throws a ShapeError when it is below 1 or overflows.
std::int64_t transposed_size(std::string_view operation, std::string_view axis, const AxisSizes& sizes,
                             std::int64_t output_padding);

}  // namespace tapestry::detail
