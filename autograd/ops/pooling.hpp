// Pooling: what the windows that slide over an image hold, as one number each.
#pragma once

#include <optional>
#include <string_view>

#include <tapestry/autograd/ops/pair.hpp>
#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/required.hpp>

namespace tapestry {

struct MaxPool2dOptions {
  Required<Pair> kernel_size;
  std::optional<Pair> stride = std::nullopt;  ///< the kernel size unless given
  Pair padding = 0;                           ///< pixels around the image that are never the maximum
  Pair dilation = 1;                          ///< pixels from one cell of the window to the next
  bool ceil_mode = false;                     ///< a last window may reach over the end of the padded image
};

struct AvgPool2dOptions {
  Required<Pair> kernel_size;
  std::optional<Pair> stride = std::nullopt;  ///< the kernel size unless given
  Pair padding = 0;                           ///< zeros around the image
  bool ceil_mode = false;                     ///< a last window may reach over the end of the padded image
  bool count_include_pad = true;              ///< the padding counts in the number that is divided by
};

/// The values of `max_pool2d` and where they were found.
struct MaxPool2dResult {
  Tensor values;
  Array indices;  ///< i64, of the shape of `values`: row · W + column of the pixel in its image plane
};

/// x (N, C, H, W) → (N, C, H′, W′), the maximum of every window, per axis
/// H′ = ⌊(H + 2·padding − dilation·(kh − 1) − 1) / stride⌋ + 1, with ⌈ ⌉ in ceil mode, but no window starts in the
/// padding after the image. The gradient goes to the maximum alone, to the first in row-major order among equals;
/// windows that overlap add theirs up. A window with a NaN gives NaN, and its first NaN gets the gradient. Computes on
/// channels-last memory. N may be 0. Throws a ValueError for a kernel, stride or dilation below 1 or a negative
/// padding; a ShapeError for a padding above half of what the kernel covers, an image without channels or pixels or too
/// small for the kernel, and for a window without any pixel, as dilation makes possible; a DTypeError unless x is
/// floating.
Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& options);

/// `max_pool2d` with the place of every maximum, in PyTorch's numbering.
MaxPool2dResult max_pool2d_with_indices(const Tensor& x, const MaxPool2dOptions& options);

/// x (N, C, H, W) → (N, C, H′, W′), the sum of every window over its size; sizes as for `max_pool2d`. The size of a
/// window is its number of cells on the image and, with `count_include_pad`, on the padding around it; cells that ceil
/// mode puts beyond do not count (as in PyTorch). Throws as `max_pool2d`.
Tensor avg_pool2d(const Tensor& x, const AvgPool2dOptions& options);

/// The mean of every image plane: x (N, C, H, W) → (N, C, 1, 1). Throws a ShapeError for planes without pixels.
Tensor global_avg_pool2d(const Tensor& x);

/// Throw, naming `operation`, what the operators throw whatever the input.
void check_max_pool2d_options(std::string_view operation, const MaxPool2dOptions& options);
void check_avg_pool2d_options(std::string_view operation, const AvgPool2dOptions& options);

}  // namespace tapestry
