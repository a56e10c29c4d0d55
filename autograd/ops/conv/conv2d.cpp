// conv2d, and conv1d, which is a conv2d of one row.
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/conv/detail/conv2d_family.hpp>
#include <tapestry/autograd/ops/conv/detail/conv_checks.hpp>
#include <tapestry/autograd/ops/shape/pad.hpp>

namespace tapestry {
namespace {

/// The windows along one axis of an image.
struct AxisWindows {
  std::int64_t pad_before, pad_after;
  std::int64_t count;
};

AxisWindows windows_along(std::string_view operation, std::string_view axis, const detail::AxisSizes& sizes,
                          bool is_same) {
  if (!is_same) {
    const std::int64_t count = detail::window_count(operation, axis, sizes);
    return {.pad_before = sizes.padding, .pad_after = sizes.padding, .count = count};
  }
  const std::int64_t total = detail::kernel_extent(operation, axis, sizes) - 1;
  return {.pad_before = total / 2, .pad_after = total - total / 2, .count = sizes.in};
}

/// The convolution of images or sequences, for operands and options that have been checked.
Tensor convolution(std::string_view operation, const Tensor& x, const Tensor& weight, const Tensor& bias,
                   const Conv2dOptions& options) {
  const auto& [stride, padding, dilation, groups, padding_mode] = options;
  const bool is_sequence = x.rank() == 3;
  Pair in = detail::image_size(x);
  const Pair kernel = detail::image_size(weight);
  AxisWindows rows =
      windows_along(operation, "height",
                    {in.height, kernel.height, stride.height, padding.amount.height, dilation.height}, padding.is_same);
  AxisWindows columns =
      windows_along(operation, is_sequence ? "length" : "width",
                    {in.width, kernel.width, stride.width, padding.amount.width, dilation.width}, padding.is_same);
  Tensor image = x;
  // Padding the image costs little compared with the products, so kernels need not know about padding modes.
  if (padding_mode != PaddingMode::zeros) {
    if (!is_sequence) detail::check_padding(operation, padding_mode, x.shape(), 2, rows.pad_before, rows.pad_after);
    detail::check_padding(operation, padding_mode, x.shape(), x.rank() - 1, columns.pad_before, columns.pad_after);
    std::vector<std::int64_t> amounts = {columns.pad_before, columns.pad_after};
    if (!is_sequence) amounts.insert(amounts.end(), {rows.pad_before, rows.pad_after});
    image = pad(x, amounts, padding_mode);
    in = detail::image_size(image);
    rows.pad_before = columns.pad_before = 0;
  }
  const kernels::Conv2dGeometry geometry = {.batch = x.size(0),
                                            .in_channels = x.size(1),
                                            .in_height = in.height,
                                            .in_width = in.width,
                                            .out_channels = weight.size(0),
                                            .out_height = rows.count,
                                            .out_width = columns.count,
                                            .kernel_height = kernel.height,
                                            .kernel_width = kernel.width,
                                            .stride_height = stride.height,
                                            .stride_width = stride.width,
                                            .pad_top = rows.pad_before,
                                            .pad_left = columns.pad_before,
                                            .dilation_height = dilation.height,
                                            .dilation_width = dilation.width,
                                            .groups = groups};
  if (!is_sequence) return detail::convolve(geometry, image, weight, bias);
  return detail::as_sequence(detail::convolve(geometry, detail::as_image(image), detail::as_image(weight), bias));
}

}  // namespace

Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv1dOptions& options) {
  constexpr std::string_view name = "conv1d";
  detail::check_weight_rank(name, 1, weight, false);
  options.check(name, weight.size(2));
  detail::check_conv_operands(name, 1, x, weight, bias, options.groups, false);
  return convolution(name, x, weight, bias, detail::as_image(options));
}

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options) {
  constexpr std::string_view name = "conv2d";
  detail::check_weight_rank(name, 2, weight, false);
  options.check(name, {weight.size(2), weight.size(3)});
  detail::check_conv_operands(name, 2, x, weight, bias, options.groups, false);
  return convolution(name, x, weight, bias, options);
}

}  // namespace tapestry
