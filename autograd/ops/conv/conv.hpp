// Convolution and transposed convolution. As everywhere in deep learning, convolution means cross-correlation: the
// kernel is not flipped (`flip` it for the mathematical convolution).
#pragma once

#include <cstdint>
#include <string_view>

#include <tapestry/autograd/ops/padding_mode.hpp>
#include <tapestry/autograd/ops/pair.hpp>
#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// Padding around an image: a number of pixels on either side, per axis; or `same`, which keeps the size at stride 1
/// (an odd pixel goes after the last one); or `valid`, which is none.
struct Padding {
  Pair amount = 0;
  bool is_same = false;
  constexpr Padding(Integer auto both) : amount(both) {}  // NOLINT: implicit by design
  constexpr Padding(Pair pair) : amount(pair) {}          // NOLINT
  constexpr Padding(Integer auto height, Integer auto width) : amount(height, width) {}

  static constexpr Padding same() {
    Padding padding = 0;
    padding.is_same = true;
    return padding;
  }
  static constexpr Padding valid() { return 0; }
};

/// Padding at the ends of a sequence: the one-dimensional `Padding`.
struct Padding1d {
  std::int64_t amount = 0;
  bool is_same = false;
  constexpr Padding1d(Integer auto either_end) : amount(either_end) {}  // NOLINT: implicit by design

  static constexpr Padding1d same() {
    Padding1d padding = 0;
    padding.is_same = true;
    return padding;
  }
  static constexpr Padding1d valid() { return 0; }
};

struct Conv1dOptions {
  std::int64_t stride = 1;                        ///< elements between neighboring windows
  Padding1d padding = 0;                          ///< elements at either end
  std::int64_t dilation = 1;                      ///< elements between neighboring kernel elements
  std::int64_t groups = 1;                        ///< independent channel groups
  PaddingMode padding_mode = PaddingMode::zeros;  ///< what the padding holds

  /// Throws as `Conv2dOptions::check`.
  void check(std::string_view operation, std::int64_t kernel_size) const;
};

struct Conv2dOptions {
  Pair stride = 1;                                ///< pixels between neighboring windows
  Padding padding = 0;                            ///< pixels on either side
  Pair dilation = 1;                              ///< pixels between neighboring kernel elements
  std::int64_t groups = 1;                        ///< independent channel groups
  PaddingMode padding_mode = PaddingMode::zeros;  ///< what the padding holds

  /// Throws a ValueError naming `operation` for a kernel size, stride, dilation or groups below 1, a negative padding,
  /// or `same` padding with a stride above 1.
  void check(std::string_view operation, Pair kernel_size) const;
};

struct ConvTranspose1dOptions {
  std::int64_t stride = 1;          ///< output elements between neighboring windows
  std::int64_t padding = 0;         ///< elements removed at either end of the output
  std::int64_t output_padding = 0;  ///< extra elements at the end of the output; less than stride or dilation
  std::int64_t groups = 1;          ///< independent channel groups
  std::int64_t dilation = 1;        ///< elements between neighboring kernel elements

  /// Throws as `ConvTranspose2dOptions::check`.
  void check(std::string_view operation, std::int64_t kernel_size) const;
};

struct ConvTranspose2dOptions {
  Pair stride = 1;          ///< output pixels between neighboring windows
  Pair padding = 0;         ///< pixels removed on either side of the output
  Pair output_padding = 0;  ///< extra pixels after the last row and column; less than stride or dilation
  std::int64_t groups = 1;  ///< independent channel groups
  Pair dilation = 1;        ///< pixels between neighboring kernel elements

  /// Throws a ValueError naming `operation` for a kernel size, stride, dilation or groups below 1, a negative padding,
  /// or an output_padding that is negative or not smaller than the stride or the dilation of its axis.
  void check(std::string_view operation, Pair kernel_size) const;
};

/// y[n, k, i] = bias[k] + Σ_{c, s} weight[k, c, s] · x[n, c, i·stride + s·dilation − padding], c over the channels of
/// k's group, L′ = ⌊(L + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1. Computed as a conv2d of one row: anomaly
/// mode and profiles show it under that name.
///
/// Shapes: x (N, C, L), weight (K, C / groups, kernel), bias (K) or undefined → (N, K, L′).
/// Throws: ShapeError for ranks, channels, groups and sizes that do not match; ValueError for options out of range, and
/// for more padding than the padding mode allows (see `pad`); DTypeError unless all are of one floating dtype.
/// Source: PyTorch's `torch.nn.functional.conv1d`.
/// Example: conv1d(Array::full({1, 1, 5}, 1), Array::full({1, 1, 3}, 2)).array().at({0, 0, 2}) == 6
Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const Conv1dOptions& options = {});

/// y[n, k, i, j] = bias[k] + Σ_{c, r, s} weight[k, c, r, s] · x[n, c, i·stride + r·dilation − padding, j·… + s·…], c
/// over the channels of k's group, per axis H′ = ⌊(H + 2·padding − dilation·(kh − 1) − 1) / stride⌋ + 1. Computes in
/// channels-last memory format. A window that lies entirely in zero padding gives exactly the bias; where a weight is
/// infinite, 0 · ∞ is NaN on the image and may be NaN in the padding.
///
/// f32 3×3 convolutions at stride 1 or 2 with many channels have a larger rounding error, about forty units in the last
/// place of the largest Σ|weight · x| instead of a few, unless `ConvMathGuard` or TAPESTRY_CONV=exact requests plain
/// sums (conv_math.hpp).
///
/// Shapes: x (N, C, H, W), weight (K, C / groups, kh, kw), bias (K) or undefined → (N, K, H′, W′).
/// Throws: ShapeError for ranks, channels, groups and sizes that do not match; ValueError for options out of range, and
/// for more padding than the padding mode allows (see `pad`); DTypeError unless all are of one floating dtype.
/// Source: LeCun et al., "Gradient-based learning applied to document recognition", 1998; PyTorch's
/// `torch.nn.functional.conv2d`.
/// Example: conv2d(Array::full({1, 1, 4, 5}, 1), Array::full({2, 1, 3, 3}, 1)).shape() == Shape{1, 2, 2, 3}
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const Conv2dOptions& options = {});

/// The adjoint of conv1d: every element of x adds the kernel times itself to the output, element i at i·stride −
/// padding; then the bias. L′ = (L − 1)·stride − 2·padding + dilation·(kernel − 1) + output_padding + 1. Computed as a
/// conv_transpose2d of one row: anomaly mode and profiles show it under that name.
///
/// Shapes: x (N, C, L), weight (C, K / groups, kernel), bias (K) or undefined → (N, K, L′).
/// Throws: ShapeError for ranks, channels, groups and sizes that do not match, and for an output without elements;
/// ValueError for options out of range; DTypeError unless all are of one floating dtype.
/// Source: PyTorch's `torch.nn.functional.conv_transpose1d`.
/// Example: conv_transpose1d(Array::full({1, 1, 2}, 1), Array::full({1, 1, 2}, 1)).array().at({0, 0, 1}) == 2
Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        const ConvTranspose1dOptions& options = {});

/// The adjoint of conv2d: ⟨conv2d(u, weight), x⟩ = ⟨u, conv_transpose2d(x, weight)⟩. Every pixel of x adds the kernel
/// times itself to the output, pixel (i, j) at (i·stride − padding, …); then the bias. Per axis
/// H′ = (H − 1)·stride − 2·padding + dilation·(kh − 1) + output_padding + 1.
///
/// Shapes: x (N, C, H, W), weight (C, K / groups, kh, kw), bias (K) or undefined → (N, K, H′, W′).
/// Throws: ShapeError for ranks, channels, groups and sizes that do not match, and for an output without pixels;
/// ValueError for options out of range; DTypeError unless all are of one floating dtype.
/// Source: Zeiler et al., "Deconvolutional networks", 2010; PyTorch's `torch.nn.functional.conv_transpose2d`.
/// Example: conv_transpose2d(Array::full({1, 1, 2, 2}, 1), Array::full({1, 3, 3, 3}, 1), {}, {.stride = 2}).shape() ==
/// Shape{1, 3, 5, 5}
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        const ConvTranspose2dOptions& options = {});

}  // namespace tapestry
