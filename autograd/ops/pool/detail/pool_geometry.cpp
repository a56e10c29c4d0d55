#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/conv/detail/conv_checks.hpp>
#include <tapestry/autograd/ops/pool/detail/pool_geometry.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

using kernels::Pool2dAxis;
using kernels::Pool2dGeometry;

/// The windows along an axis that a sequence lacks.
constexpr Pool2dAxis single = {.in = 1, .out = 1, .kernel = 1, .stride = 1, .padding = 0, .dilation = 1};

/// The pixels that a window spans, or the largest number if that overflows: no image is that large.
std::int64_t extent(std::int64_t kernel, std::int64_t dilation) {
  std::int64_t result = 0;
  const bool overflows =
      __builtin_mul_overflow(dilation, kernel - 1, &result) || __builtin_add_overflow(result, 1, &result);
  return overflows ? std::numeric_limits<std::int64_t>::max() : result;
}

void check_padding(std::string_view operation, std::string_view axis, std::int64_t padding, std::int64_t kernel,
                   std::int64_t dilation) {
  const std::int64_t covered = extent(kernel, dilation);
  if (padding > covered / 2) {
    throw ShapeError(fmt::format(
        "{}: along the {} padding {} is more than half of the {} that the kernel covers (size {}, dilation {})",
        operation, axis, padding, covered, kernel, dilation));
  }
}

/// A dilated window can miss a small image entirely.
void check_windows(std::string_view operation, std::string_view name, const Pool2dAxis& axis) {
  if (axis.dilation == 1) return;
  for (std::int64_t window = 0; window < axis.out; ++window) {
    const kernels::Taps taps = kernels::taps_on_image(axis, window);
    if (taps.first < taps.last) continue;
    throw ShapeError(
        fmt::format("{}: along the {} window {} contains no pixels (input {}, kernel {}, stride {}, padding {}, "
                    "dilation {})",
                    operation, name, window, axis.in, axis.kernel, axis.stride, axis.padding, axis.dilation));
  }
}

Pool2dAxis windows_along(std::string_view operation, std::string_view name, const detail::AxisSizes& sizes,
                         bool ceil_mode) {
  const std::int64_t covered = detail::kernel_extent(operation, name, sizes);
  const std::int64_t padded = sizes.in + 2 * sizes.padding;
  const std::int64_t room = padded - covered;
  if (room < 0 && (!ceil_mode || -room >= sizes.stride)) {
    throw ShapeError(
        fmt::format("{}: along the {} the kernel covers {} (size {}, dilation {}), the padded input has {} "
                    "(size {}, padding {})",
                    operation, name, covered, sizes.kernel, sizes.dilation, padded, sizes.in, sizes.padding));
  }
  Pool2dAxis axis = {.in = sizes.in,
                     .out = room / sizes.stride + 1,
                     .kernel = sizes.kernel,
                     .stride = sizes.stride,
                     .padding = sizes.padding,
                     .dilation = sizes.dilation};
  if (ceil_mode && room > 0 && room % axis.stride != 0) ++axis.out;
  // A window that starts in the padding after the image is dropped; the first window never does.
  if (ceil_mode && (axis.out - 1) * axis.stride >= axis.in + axis.padding) --axis.out;
  check_windows(operation, name, axis);
  return axis;
}

Pool2dAxis adaptive_axis(std::int64_t in, std::int64_t out) {
  Pool2dAxis axis = {.in = in,
                     .out = out,
                     .kernel = 1,
                     .stride = std::max<std::int64_t>(1, in / out),
                     .padding = 0,
                     .dilation = 1,
                     .is_adaptive = true};
  for (std::int64_t window = 0; window < out; ++window)
    axis.kernel = std::max(axis.kernel, kernels::taps_on_image(axis, window).last);
  return axis;
}

MaxPool1dOptions window_options(const AvgPool1dOptions& options) {
  return {.kernel_size = options.kernel_size.get(),
          .stride = options.stride,
          .padding = options.padding,
          .ceil_mode = options.ceil_mode};
}
MaxPool2dOptions window_options(const AvgPool2dOptions& options) {
  return {.kernel_size = options.kernel_size.get(),
          .stride = options.stride,
          .padding = options.padding,
          .ceil_mode = options.ceil_mode};
}

}  // namespace

void MaxPool1dOptions::check(std::string_view operation) const {
  detail::check_option(operation, 1, "kernel_size", kernel_size.get(), 1);
  detail::check_option(operation, 1, "stride", stride.value_or(kernel_size), 1);
  detail::check_option(operation, 1, "padding", padding, 0);
  detail::check_option(operation, 1, "dilation", dilation, 1);
  check_padding(operation, "length", padding, kernel_size, dilation);
}

void MaxPool2dOptions::check(std::string_view operation) const {
  const Pair kernel = kernel_size;
  detail::check_option(operation, 2, "kernel_size", kernel, 1);
  detail::check_option(operation, 2, "stride", stride.value_or(kernel), 1);
  detail::check_option(operation, 2, "padding", padding, 0);
  detail::check_option(operation, 2, "dilation", dilation, 1);
  check_padding(operation, "height", padding.height, kernel.height, dilation.height);
  check_padding(operation, "width", padding.width, kernel.width, dilation.width);
}

void AvgPool1dOptions::check(std::string_view operation) const {
  window_options(*this).check(operation);
}

void AvgPool2dOptions::check(std::string_view operation) const {
  window_options(*this).check(operation);
  detail::check_option(operation, 1, "divisor_override", divisor_override.value_or(1), 1);
}

void check_adaptive_output_size(std::string_view operation, Pair output_size) {
  constexpr std::int64_t most = 65536;
  const auto is_allowed = [](std::int64_t size) { return size >= 1 && size <= most; };
  if (is_allowed(output_size.height) && is_allowed(output_size.width)) return;
  throw ValueError(fmt::format("{}: output_size must be in [1, {}], got ({}, {})", operation, most, output_size.height,
                               output_size.width));
}

namespace detail {

Shape image_shape(const Pool2dGeometry& g) {
  return {g.batch, g.channels, g.rows.in, g.columns.in};
}
Shape pooled_shape(const Pool2dGeometry& g) {
  return {g.batch, g.channels, g.rows.out, g.columns.out};
}

void check_images(std::string_view operation, const Tensor& x) {
  detail::check_floating(operation, x);
  check_rank(operation, "an input (N, C, H, W)", x, 4);
  if (x.size(1) < 1 || x.size(2) < 1 || x.size(3) < 1) {
    throw ShapeError(
        fmt::format("{}: expected images with channels and pixels, got {}", operation, to_string(x.shape())));
  }
}

Pool2dGeometry pool_geometry(std::string_view operation, const Tensor& x, const MaxPool1dOptions& options) {
  detail::check_floating(operation, x);
  check_rank(operation, "an input (N, C, L)", x, 3);
  if (x.size(1) < 1 || x.size(2) < 1) {
    throw ShapeError(
        fmt::format("{}: expected an input with channels and elements, got {}", operation, to_string(x.shape())));
  }
  options.check(operation);
  const std::int64_t kernel = options.kernel_size;
  const AxisSizes sizes = {x.size(2), kernel, options.stride.value_or(kernel), options.padding, options.dilation};
  return {.batch = x.size(0) * x.size(1),
          .channels = 1,
          .rows = single,
          .columns = windows_along(operation, "length", sizes, options.ceil_mode)};
}

Pool2dGeometry pool_geometry(std::string_view operation, const Tensor& x, const MaxPool2dOptions& options) {
  check_images(operation, x);
  options.check(operation);
  const Pair kernel = options.kernel_size;
  const Pair stride = options.stride.value_or(kernel);
  std::int64_t cells = 0;
  if (__builtin_mul_overflow(kernel.height, kernel.width, &cells)) {
    throw ShapeError(fmt::format("{}: the number of cells of a window overflows int64 (kernel {} × {})", operation,
                                 kernel.height, kernel.width));
  }
  const AxisSizes rows = {x.size(2), kernel.height, stride.height, options.padding.height, options.dilation.height};
  const AxisSizes columns = {x.size(3), kernel.width, stride.width, options.padding.width, options.dilation.width};
  return {.batch = x.size(0),
          .channels = x.size(1),
          .rows = windows_along(operation, "height", rows, options.ceil_mode),
          .columns = windows_along(operation, "width", columns, options.ceil_mode)};
}

Pool2dGeometry pool_geometry(std::string_view operation, const Tensor& x, const AvgPool1dOptions& options) {
  return pool_geometry(operation, x, window_options(options));
}

Pool2dGeometry pool_geometry(std::string_view operation, const Tensor& x, const AvgPool2dOptions& options) {
  options.check(operation);
  return pool_geometry(operation, x, window_options(options));
}

Pool2dGeometry adaptive_geometry(std::string_view operation, const Tensor& x, Pair output_size) {
  check_images(operation, x);
  check_adaptive_output_size(operation, output_size);
  return {.batch = x.size(0),
          .channels = x.size(1),
          .rows = adaptive_axis(x.size(2), output_size.height),
          .columns = adaptive_axis(x.size(3), output_size.width)};
}

}  // namespace detail
}  // namespace tapestry
