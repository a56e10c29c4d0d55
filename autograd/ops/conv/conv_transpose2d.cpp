// conv_transpose2d, and conv_transpose1d, which is a conv_transpose2d of one row.
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/conv/detail/conv2d_family.hpp>
#include <tapestry/autograd/ops/conv/detail/conv_checks.hpp>

namespace tapestry {
namespace {

/// The adjoint of the convolution that maps the shape of the result to the shape of x.
Tensor transposed(std::string_view operation, const Tensor& x, const Tensor& weight, const Tensor& bias,
                  const ConvTranspose2dOptions& options) {
  const auto& [stride, padding, output_padding, groups, dilation] = options;
  const bool is_sequence = x.rank() == 3;
  const Pair in = detail::image_size(x);
  const Pair kernel = detail::image_size(weight);
  const kernels::Conv2dGeometry geometry = {
      .batch = x.size(0),
      .in_channels = weight.size(1) * groups,
      .in_height = detail::transposed_size(operation, "height",
                                           {in.height, kernel.height, stride.height, padding.height, dilation.height},
                                           output_padding.height),
      .in_width = detail::transposed_size(operation, is_sequence ? "length" : "width",
                                          {in.width, kernel.width, stride.width, padding.width, dilation.width},
                                          output_padding.width),
      .out_channels = x.size(1),
      .out_height = in.height,
      .out_width = in.width,
      .kernel_height = kernel.height,
      .kernel_width = kernel.width,
      .stride_height = stride.height,
      .stride_width = stride.width,
      .pad_top = padding.height,
      .pad_left = padding.width,
      .dilation_height = dilation.height,
      .dilation_width = dilation.width,
      .groups = groups};
  if (!is_sequence) return detail::convolve_transposed(geometry, x, weight, bias);
  return detail::as_sequence(
      detail::convolve_transposed(geometry, detail::as_image(x), detail::as_image(weight), bias));
}

}  // namespace

Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTranspose1dOptions& options) {
  constexpr std::string_view name = "conv_transpose1d";
  detail::check_weight_rank(name, 1, weight, true);
  options.check(name, weight.size(2));
  detail::check_conv_operands(name, 1, x, weight, bias, options.groups, true);
  return transposed(name, x, weight, bias, detail::as_image(options));
}

Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTranspose2dOptions& options) {
  constexpr std::string_view name = "conv_transpose2d";
  detail::check_weight_rank(name, 2, weight, true);
  options.check(name, {weight.size(2), weight.size(3)});
  detail::check_conv_operands(name, 2, x, weight, bias, options.groups, true);
  return transposed(name, x, weight, bias, options);
}

}  // namespace tapestry
