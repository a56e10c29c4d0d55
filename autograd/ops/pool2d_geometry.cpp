#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/pool2d_geometry.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

using kernels::Pool2dAxis;
using kernels::Pool2dGeometry;

/// The pixels from the first cell of a window to its last.
std::int64_t extent(std::int64_t kernel, std::int64_t dilation) {
  return dilation * (kernel - 1) + 1;
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

/// The windows along one axis, whose number is still to be found.
Pool2dAxis windows_along(std::string_view operation, std::string_view name, Pool2dAxis axis, bool ceil_mode) {
  const std::int64_t covered = extent(axis.kernel, axis.dilation);
  const std::int64_t padded = axis.in + 2 * axis.padding;
  const std::int64_t room = padded - covered + (ceil_mode ? axis.stride - 1 : 0);
  if (room < 0) {
    throw ShapeError(
        fmt::format("{}: along the {} the kernel covers {} (size {}, dilation {}), the padded input has {} "
                    "(size {}, padding {})",
                    operation, name, covered, axis.kernel, axis.dilation, padded, axis.in, axis.padding));
  }
  axis.out = room / axis.stride + 1;
  // A window that starts in the padding after the image is left out; the first never does.
  if (ceil_mode && (axis.out - 1) * axis.stride >= axis.in + axis.padding) --axis.out;
  return axis;
}

/// With dilation a window can step over a small image altogether.
void check_windows(std::string_view operation, std::string_view name, const Pool2dAxis& axis) {
  if (axis.dilation == 1) return;
  for (std::int64_t window = 0; window < axis.out; ++window) {
    const kernels::Taps taps = kernels::taps_on_image(axis, window);
    if (taps.first < taps.last) continue;
    throw ShapeError(
        fmt::format("{}: along the {} window {} holds no pixel (input {}, kernel {}, stride {}, padding {}, "
                    "dilation {})",
                    operation, name, window, axis.in, axis.kernel, axis.stride, axis.padding, axis.dilation));
  }
}

MaxPool2dOptions window_options(const AvgPool2dOptions& options) {
  return {.kernel_size = options.kernel_size.get(),
          .stride = options.stride,
          .padding = options.padding,
          .ceil_mode = options.ceil_mode};
}

}  // namespace

void check_max_pool2d_options(std::string_view operation, const MaxPool2dOptions& options) {
  const auto check = [&](std::string_view option, Pair value, std::int64_t least) {
    if (value.height < least || value.width < least) {
      throw ValueError(
          fmt::format("{}: {} must be at least {}, got ({}, {})", operation, option, least, value.height, value.width));
    }
  };
  const Pair kernel = options.kernel_size;
  check("kernel_size", kernel, 1);
  check("stride", options.stride.value_or(kernel), 1);
  check("padding", options.padding, 0);
  check("dilation", options.dilation, 1);
  check_padding(operation, "height", options.padding.height, kernel.height, options.dilation.height);
  check_padding(operation, "width", options.padding.width, kernel.width, options.dilation.width);
}

void check_avg_pool2d_options(std::string_view operation, const AvgPool2dOptions& options) {
  check_max_pool2d_options(operation, window_options(options));
}

namespace detail {

Shape image_shape(const Pool2dGeometry& g) {
  return {g.batch, g.channels, g.rows.in, g.columns.in};
}
Shape pooled_shape(const Pool2dGeometry& g) {
  return {g.batch, g.channels, g.rows.out, g.columns.out};
}

void check_images(std::string_view operation, const Tensor& x) {
  if (!is_floating(x.dtype())) throw_not_floating(operation, x.dtype());
  check_rank(operation, "an input (N, C, H, W)", x, 4);
  if (x.size(1) < 1 || x.size(2) < 1 || x.size(3) < 1) {
    throw ShapeError(
        fmt::format("{}: the images must have channels and pixels, got {}", operation, to_string(x.shape())));
  }
}

Pool2dGeometry pool2d_geometry(std::string_view operation, const Tensor& x, const MaxPool2dOptions& options) {
  check_images(operation, x);
  check_max_pool2d_options(operation, options);
  const Pair kernel = options.kernel_size;
  const Pair stride = options.stride.value_or(kernel);
  const Pool2dAxis rows = {.in = x.size(2),
                           .out = 0,
                           .kernel = kernel.height,
                           .stride = stride.height,
                           .padding = options.padding.height,
                           .dilation = options.dilation.height};
  const Pool2dAxis columns = {.in = x.size(3),
                              .out = 0,
                              .kernel = kernel.width,
                              .stride = stride.width,
                              .padding = options.padding.width,
                              .dilation = options.dilation.width};
  const Pool2dGeometry geometry = {.batch = x.size(0),
                                   .channels = x.size(1),
                                   .rows = windows_along(operation, "height", rows, options.ceil_mode),
                                   .columns = windows_along(operation, "width", columns, options.ceil_mode)};
  check_windows(operation, "height", geometry.rows);
  check_windows(operation, "width", geometry.columns);
  return geometry;
}

Pool2dGeometry pool2d_geometry(std::string_view operation, const Tensor& x, const AvgPool2dOptions& options) {
  return pool2d_geometry(operation, x, window_options(options));
}

}  // namespace detail
}  // namespace tapestry
