// Pooling. Each window that slides over an image is reduced to one number.
#pragma once

#include <optional>
#include <string_view>

#include <tapestry/autograd/ops/pair.hpp>
#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/required.hpp>

namespace tapestry {

struct MaxPool1dOptions {
  Required<std::int64_t> kernel_size;                 ///< elements in a window
  std::optional<std::int64_t> stride = std::nullopt;  ///< between windows; the kernel size by default
  std::int64_t padding = 0;                           ///< elements on either side that are never the maximum
  std::int64_t dilation = 1;                          ///< elements between neighboring cells of the window
  bool ceil_mode = false;                             ///< a last window may extend past the end of the padded input

  /// Throws as `MaxPool2dOptions::check`.
  void check(std::string_view operation) const;
};

struct MaxPool2dOptions {
  Required<Pair> kernel_size;                 ///< pixels in a window, per axis
  std::optional<Pair> stride = std::nullopt;  ///< between windows; the kernel size by default
  Pair padding = 0;                           ///< pixels around the image that are never the maximum
  Pair dilation = 1;                          ///< pixels between neighboring cells of the window
  bool ceil_mode = false;                     ///< a last window may extend past the end of the padded image

  /// Throws, naming `operation`, a ValueError for a kernel size, stride or dilation below 1 or a negative padding, and
  /// a ShapeError for padding of more than half the extent of the kernel.
  void check(std::string_view operation) const;
};

struct AvgPool1dOptions {
  Required<std::int64_t> kernel_size;                 ///< elements in a window
  std::optional<std::int64_t> stride = std::nullopt;  ///< between windows; the kernel size by default
  std::int64_t padding = 0;                           ///< zeros on either side
  bool ceil_mode = false;                             ///< a last window may extend past the end of the padded input
  bool count_include_pad = true;                      ///< the padding counts toward the divisor

  /// Throws as `MaxPool2dOptions::check`.
  void check(std::string_view operation) const;
};

struct AvgPool2dOptions {
  Required<Pair> kernel_size;                 ///< pixels in a window, per axis
  std::optional<Pair> stride = std::nullopt;  ///< between windows; the kernel size by default
  Pair padding = 0;                           ///< zeros around the image
  bool ceil_mode = false;                     ///< a last window may extend past the end of the padded image
  bool count_include_pad = true;              ///< the padding counts toward the divisor
  /// Divides the sum of every window, regardless of its size.
  std::optional<std::int64_t> divisor_override = std::nullopt;

  /// Throws as `MaxPool2dOptions::check`, and a ValueError for a divisor below 1.
  void check(std::string_view operation) const;
};

struct MaxUnpool2dOptions {
  Required<Pair> kernel_size;                 ///< of the pooling to invert
  std::optional<Pair> stride = std::nullopt;  ///< of that pooling; the kernel size unless given
  Pair padding = 0;                           ///< of that pooling
  /// Rows and columns of the result; (H − 1) · stride − 2 · padding + kernel by default, from which it may differ by
  /// less than a stride.
  std::optional<Pair> output_size = std::nullopt;

  /// Throws a ValueError naming `operation` for a kernel size or stride below 1 or a negative padding.
  void check(std::string_view operation) const;
};

/// The maxima and their positions.
struct MaxPoolResult {
  Tensor values;
  Array indices;  ///< i64, of the shape of `values`: row · W + column of the pixel in its image plane
};

/// The maximum of every window of a sequence; `max_pool2d` along one axis, with the same conventions.
///
/// Shapes: x (N, C, L) → (N, C, L′), L′ = ⌊(L + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1, in ceil mode with
/// ⌈ ⌉; N may be 0.
/// Throws: ValueError for a kernel, stride or dilation below 1 or a negative padding; ShapeError for padding of more
/// than half the extent of the kernel, an input without channels or elements or too short for the kernel, and for a
/// window without elements; DTypeError unless x is floating.
/// Source: PyTorch's `torch.nn.functional.max_pool1d`.
/// Example: max_pool1d(Array::from<float>({1, 1, 4}, {1, 3, 2, 0}), {.kernel_size = 2}).array().at({0, 0, 1}) == 2
Tensor max_pool1d(const Tensor& x, const MaxPool1dOptions& options);

/// `max_pool1d` that also returns the position of every maximum in its row of L elements.
///
/// Shapes: x (N, C, L) → values and indices (N, C, L′).
/// Throws: as `max_pool1d`.
/// Source: PyTorch's `torch.nn.functional.max_pool1d` with `return_indices`.
/// Example: max_pool1d_with_indices(Array::full({1, 1, 6}, 7), {.kernel_size = 3}).indices.at({0, 0, 1}) == 3
MaxPoolResult max_pool1d_with_indices(const Tensor& x, const MaxPool1dOptions& options);

/// The maximum of every window. In ceil mode a last window may extend past the end, but none starts in the padding
/// after the image. The gradient goes only to the maximum, among equals to the first in row-major order; gradients of
/// overlapping windows add up, and pixels outside every window get 0. A window with a NaN gives NaN, and its first NaN
/// gets the gradient. Computes in channels-last memory format.
///
/// Shapes: x (N, C, H, W) → (N, C, H′, W′), per axis H′ = ⌊(H + 2·padding − dilation·(kh − 1) − 1) / stride⌋ + 1, in
/// ceil mode with ⌈ ⌉; N may be 0.
/// Throws: ValueError for a kernel, stride or dilation below 1 or a negative padding; ShapeError for padding of more
/// than half the extent of the kernel, an image without channels or pixels or too small for the kernel, and for a
/// window without pixels, which dilation can cause; DTypeError unless x is floating.
/// Source: PyTorch's `torch.nn.functional.max_pool2d`.
/// Example: max_pool2d(Array::from<float>({1, 1, 2, 2}, {1, 5, 4, 2}), {.kernel_size = 2}).item() == 5
Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& options);

/// `max_pool2d` that also returns the position of every maximum, numbered as in PyTorch.
///
/// Shapes: x (N, C, H, W) → values and indices (N, C, H′, W′).
/// Throws: as `max_pool2d`.
/// Source: PyTorch's `torch.nn.functional.max_pool2d` with `return_indices`.
/// Example: max_pool2d_with_indices(Array::full({1, 1, 2, 4}, 7), {.kernel_size = 2}).indices.at({0, 0, 0, 1}) == 2
MaxPoolResult max_pool2d_with_indices(const Tensor& x, const MaxPool2dOptions& options);

/// The partial inverse of `max_pool2d_with_indices`: zeros, with every element of x at the position in its image plane
/// given by its index. Where an index occurs more than once, the last element in row-major order stays, and only it
/// gets the gradient.
///
/// Shapes: x (N, C, H, W), indices of the same shape → (N, C, H′, W′), per axis H′ = (H − 1)·stride − 2·padding + kh
/// unless `output_size` says otherwise; N may be 0.
/// Throws: ValueError for an index outside the plane, with its value and position, for a kernel or stride below 1 or a
/// negative padding, and for an output size that this pooling cannot start from; ShapeError when indices and x differ
/// in shape, for images without channels or pixels or a plane without pixels; DTypeError unless x is floating and the
/// indices are i64.
/// Source: Zeiler, Taylor and Fergus, "Adaptive deconvolutional networks for mid and high level feature learning",
/// 2011; PyTorch's `torch.nn.functional.max_unpool2d`.
/// Example: max_unpool2d(Array::full({1, 1, 1, 1}, 5), Array::full({1, 1, 1, 1}, 3, DType::i64), {.kernel_size =
/// 2}).array().at({0, 0, 1, 1}) == 5
Tensor max_unpool2d(const Tensor& x, const Array& indices, const MaxUnpool2dOptions& options);

/// The mean of every window of a sequence; `avg_pool2d` along one axis, with the same conventions.
///
/// Shapes: x (N, C, L) → (N, C, L′), L′ as for `max_pool1d` with dilation 1; N may be 0.
/// Throws: as `max_pool1d`.
/// Source: PyTorch's `torch.nn.functional.avg_pool1d`.
/// Example: avg_pool1d(Array::from<float>({1, 1, 4}, {1, 3, 2, 0}), {.kernel_size = 2}).array().at({0, 0, 0}) == 2
Tensor avg_pool1d(const Tensor& x, const AvgPool1dOptions& options);

/// The sum of every window divided by its size. The size of a window is its number of cells on the image and, with
/// `count_include_pad`, on the padding around it; cells that ceil mode adds beyond the padding do not count. It is
/// never 0. `divisor_override`, if given, replaces it.
///
/// Shapes: x (N, C, H, W) → (N, C, H′, W′), sizes as for `max_pool2d` with dilation 1; N may be 0.
/// Throws: as `max_pool2d`, and ValueError for a divisor below 1.
/// Source: PyTorch's `torch.nn.functional.avg_pool2d`.
/// Example: avg_pool2d(Array::from<float>({1, 1, 2, 2}, {1, 5, 4, 2}), {.kernel_size = 2}).item() == 3
Tensor avg_pool2d(const Tensor& x, const AvgPool2dOptions& options);

/// The mean over windows that divide an image of any size evenly: window i of H′ holds the rows [⌊i·H / H′⌋, ⌈(i + 1)·H
/// / H′⌉), and likewise for columns. Neighboring windows may overlap.
///
/// Shapes: x (N, C, H, W) → (N, C, H′, W′) with (H′, W′) the output size, which may be larger than the image; N may be
/// 0.
/// Throws: ValueError for an output size outside [1, 65536]; ShapeError for images without channels or pixels;
/// DTypeError unless x is floating.
/// Source: PyTorch's `torch.nn.functional.adaptive_avg_pool2d`.
/// Example: adaptive_avg_pool2d(Array::from<float>({1, 1, 1, 3}, {1, 5, 9}), Pair(1, 2)).array().at({0, 0, 0, 1}) == 7
Tensor adaptive_avg_pool2d(const Tensor& x, Pair output_size);

/// The maximum over the windows of `adaptive_avg_pool2d`, with the conventions of `max_pool2d` for ties and NaN.
///
/// Shapes: x (N, C, H, W) → (N, C, H′, W′) with (H′, W′) the output size; N may be 0.
/// Throws: as `adaptive_avg_pool2d`.
/// Source: PyTorch's `torch.nn.functional.adaptive_max_pool2d`.
/// Example: adaptive_max_pool2d(Array::from<float>({1, 1, 1, 3}, {1, 9, 5}), Pair(1, 2)).array().at({0, 0, 0, 1}) == 9
Tensor adaptive_max_pool2d(const Tensor& x, Pair output_size);

/// `adaptive_max_pool2d` that also returns the position of every maximum, as in `max_pool2d_with_indices`.
///
/// Shapes: x (N, C, H, W) → values and indices (N, C, H′, W′).
/// Throws: as `adaptive_avg_pool2d`.
/// Source: PyTorch's `torch.nn.functional.adaptive_max_pool2d` with `return_indices`.
/// Example: adaptive_max_pool2d_with_indices(Array::full({1, 1, 2, 4}, 7), 1).indices.item() == 0
MaxPoolResult adaptive_max_pool2d_with_indices(const Tensor& x, Pair output_size);

/// The mean of every image plane.
///
/// Shapes: x (N, C, H, W) → (N, C, 1, 1); N may be 0.
/// Throws: ShapeError for images without channels or pixels; DTypeError unless x is floating.
/// Source: Lin, Chen and Yan, "Network in network", 2014.
/// Example: global_avg_pool2d(Array::from<float>({1, 1, 2, 2}, {1, 5, 4, 2})).item() == 3
Tensor global_avg_pool2d(const Tensor& x);

/// The maximum of every image plane, with the conventions of `max_pool2d` for ties and NaN.
///
/// Shapes: x (N, C, H, W) → (N, C, 1, 1); N may be 0.
/// Throws: ShapeError for images without channels or pixels; DTypeError unless x is floating.
/// Source: Oquab, Bottou, Laptev and Sivic, "Is object localization for free?", 2015.
/// Example: global_max_pool2d(Array::from<float>({1, 1, 2, 2}, {1, 5, 4, 2})).item() == 5
Tensor global_max_pool2d(const Tensor& x);

/// Throws a ValueError naming `operation` for an output size of adaptive pooling outside [1, 65536].
void check_adaptive_output_size(std::string_view operation, Pair output_size);

}  // namespace tapestry
