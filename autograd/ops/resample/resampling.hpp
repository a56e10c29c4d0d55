// Interpolation and channel rearrangement.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <tapestry/autograd/ops/pair.hpp>
#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// How `interpolate` computes a value between pixels: from the pixel above and to the left, or as a weighted mean of
/// the four around it.
enum class InterpolationMode : std::uint8_t { nearest, bilinear };

/// Output pixels per input pixel; a single number stands for both axes.
struct ScaleFactor {
  double height;
  double width;
  constexpr ScaleFactor(double both) : height(both), width(both) {}  // NOLINT: implicit by design
  constexpr ScaleFactor(double h, double w) : height(h), width(w) {}
};

struct InterpolateOptions {
  std::optional<Pair> size = std::nullopt;                 ///< rows and columns of the result; this or the scale factor
  std::optional<ScaleFactor> scale_factor = std::nullopt;  ///< output pixels per input pixel; this or the size
  InterpolationMode mode = InterpolationMode::nearest;     ///< how values between pixels are computed
  bool align_corners = false;  ///< bilinear only: keeps the centers of the corner pixels in place, not their edges

  /// Throws a ValueError naming `operation` unless there is either a size or a scale factor, for a size or scale factor
  /// out of range, and for `align_corners` in a mode other than bilinear.
  void check(std::string_view operation) const;
};

/// Rearranges channels into space: y[n, c, h·r + i, w·r + j] = x[n, c·r² + i·r + j, h, w], r the upscale factor.
///
/// Shapes: x (N, C·r², H, W) → (N, C, H·r, W·r), of any dtype, in the memory format of x; sizes may be 0.
/// Throws: ValueError for a factor below 1; ShapeError unless x is of rank 4 with a multiple of r² channels.
/// Source: Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel convolutional
/// neural network", 2016 (equation 4); PyTorch's `torch.nn.functional.pixel_shuffle`.
/// Example: pixel_shuffle(Array::from<float>({1, 4, 1, 1}, {1, 2, 3, 4}), 2).array().at({0, 0, 1, 0}) == 3
Tensor pixel_shuffle(const Tensor& x, std::int64_t upscale_factor);

/// Rearranges space into channels: the inverse of `pixel_shuffle`, y[n, c·r² + i·r + j, h, w] = x[n, c, h·r + i, w·r +
/// j].
///
/// Shapes: x (N, C, H·r, W·r) → (N, C·r², H, W), of any dtype, in the memory format of x; sizes may be 0.
/// Throws: ValueError for a factor below 1; ShapeError unless x is of rank 4 with sides that are multiples of r.
/// Source: PyTorch's `torch.nn.functional.pixel_unshuffle`.
/// Example: pixel_unshuffle(Array::from<float>({1, 1, 2, 2}, {1, 2, 3, 4}), 2).array().at({0, 2, 0, 0}) == 3
Tensor pixel_unshuffle(const Tensor& x, std::int64_t downscale_factor);

/// Interleaves the channels of different groups: with g groups of C/g channels, channel k·g + i of the result is
/// channel k of group i.
///
/// Shapes: x (N, C, H, W) → the same, of any dtype, in the memory format of x; sizes may be 0.
/// Throws: ValueError for groups below 1; ShapeError unless x is of rank 4 with a multiple of `groups` channels.
/// Source: Zhang, Zhou, Lin and Sun, "ShuffleNet: an extremely efficient convolutional neural network for mobile
/// devices", 2018; PyTorch's `torch.nn.functional.channel_shuffle`.
/// Example: channel_shuffle(Array::from<float>({1, 4, 1, 1}, {1, 2, 3, 4}), 2).array().at({0, 1, 0, 0}) == 3
Tensor channel_shuffle(const Tensor& x, std::int64_t groups);

/// Resizes an image. Output pixel i of an axis lies at s in the input, with r = in / out, or 1 / scale_factor where
/// that is given: nearest takes pixel ⌊i·r⌋; bilinear mixes the two pixels around s = (i + ½)·r − ½ (0 if that is
/// negative) or, with `align_corners`, s = i·(in − 1) / (out − 1), in the proportion of their distances. A pixel with
/// weight 0 is not read, so its NaN does not spread. Computes in channels-last memory format.
///
/// Shapes: x (N, C, H, W) → (N, C, H′, W′) with (H′, W′) the size, or per axis ⌊H · scale_factor⌋; N may be 0.
/// Throws: ValueError unless there is either a size or a scale factor, for sizes outside [1, 2²⁴], for a scale factor
/// that is not positive, and for `align_corners` in another mode than bilinear; ShapeError for images without channels
/// or pixels; DTypeError unless x is floating.
/// Source: PyTorch's `torch.nn.functional.interpolate`.
/// Example: interpolate(Array::from<float>({1, 1, 1, 2}, {0, 4}), {.size = Pair(1, 4), .mode =
/// InterpolationMode::bilinear}).array().at({0, 0, 0, 1}) == 1
Tensor interpolate(const Tensor& x, const InterpolateOptions& options);

}  // namespace tapestry
