// unfold and fold, each the adjoint of the other.
#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/conv/detail/conv_checks.hpp>
#include <tapestry/autograd/ops/conv/unfold.hpp>
#include <tapestry/autograd/ops/detail/linear_operator.hpp>
#include <tapestry/autograd/ops/detail/run_kernel.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/conv/unfold.hpp>

namespace tapestry {
namespace {

using kernels::Conv2dGeometry;

/// `fold` is the adjoint.
struct Unfold {
  static constexpr std::string_view name = "unfold";
  static constexpr std::string_view adjoint_name = "fold";
  Conv2dGeometry geometry_;

  Array forward(const Tensor& x) const {
    const Conv2dGeometry& g = geometry_;
    const Shape shape = {g.batch, g.in_channels * g.kernel_height * g.kernel_width, g.out_height * g.out_width};
    return detail::run_kernel(name, x, shape, MemoryFormat::row_major,
                              [&](const auto* image, auto* columns) { kernels::unfold(g, image, columns); });
  }

  Array adjoint(const Tensor& columns) const {
    const Conv2dGeometry& g = geometry_;
    const Shape shape = {g.batch, g.in_channels, g.in_height, g.in_width};
    return detail::run_kernel(adjoint_name, columns, shape, MemoryFormat::row_major,
                              [&](const auto* from, auto* image) { kernels::fold(g, from, image); });
  }
};

Conv2dGeometry geometry_of(std::string_view operation, std::int64_t batch, std::int64_t channels, Pair image,
                           const UnfoldOptions& options, std::string_view image_name) {
  const Pair kernel = options.kernel_size;
  const auto& [height, width] = image;
  return {
      .batch = batch,
      .in_channels = channels,
      .in_height = height,
      .in_width = width,
      .out_channels = 1,
      .out_height = detail::window_count(
          operation, "height",
          {height, kernel.height, options.stride.height, options.padding.height, options.dilation.height}, image_name),
      .out_width = detail::window_count(
          operation, "width",
          {width, kernel.width, options.stride.width, options.padding.width, options.dilation.width}, image_name),
      .kernel_height = kernel.height,
      .kernel_width = kernel.width,
      .stride_height = options.stride.height,
      .stride_width = options.stride.width,
      .pad_top = options.padding.height,
      .pad_left = options.padding.width,
      .dilation_height = options.dilation.height,
      .dilation_width = options.dilation.width,
      .groups = 1};
}

UnfoldOptions windows_of(const FoldOptions& options) {
  return {.kernel_size = options.kernel_size,
          .dilation = options.dilation,
          .padding = options.padding,
          .stride = options.stride};
}

}  // namespace

void UnfoldOptions::check(std::string_view operation) const {
  detail::check_option(operation, 2, "kernel_size", kernel_size, 1);
  detail::check_option(operation, 2, "dilation", dilation, 1);
  detail::check_option(operation, 2, "padding", padding, 0);
  detail::check_option(operation, 2, "stride", stride, 1);
}

void FoldOptions::check(std::string_view operation) const {
  detail::check_option(operation, 2, "output_size", output_size, 1);
  windows_of(*this).check(operation);
}

Tensor unfold(const Tensor& x, const UnfoldOptions& options) {
  constexpr std::string_view name = Unfold::name;
  detail::check_floating(name, x);
  options.check(name);
  detail::check_rank(name, "an input (N, C, H, W)", x, 4);
  if (x.size(2) < 1 || x.size(3) < 1) {
    throw ShapeError(fmt::format("{}: expected an image with pixels, got {}", name, to_string(x.shape())));
  }
  const Conv2dGeometry geometry = geometry_of(name, x.size(0), x.size(1), {x.size(2), x.size(3)}, options, "input");
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  if (__builtin_mul_overflow(geometry.kernel_height, geometry.kernel_width, &rows) ||
      __builtin_mul_overflow(geometry.in_channels, rows, &rows) ||
      __builtin_mul_overflow(geometry.out_height, geometry.out_width, &columns)) {
    throw ShapeError(fmt::format("{}: {} · {} windows of {} · {} · {} numbers overflow int64 (input {})", name,
                                 geometry.out_height, geometry.out_width, geometry.in_channels, geometry.kernel_height,
                                 geometry.kernel_width, to_string(x.shape())));
  }
  return detail::record_linear(Unfold{geometry}, x);
}

Tensor fold(const Tensor& x, const FoldOptions& options) {
  constexpr std::string_view name = Unfold::adjoint_name;
  detail::check_floating(name, x);
  options.check(name);
  detail::check_rank(name, "an input (N, C · kh · kw, L)", x, 3);
  const auto& [kh, kw] = options.kernel_size.get();
  std::int64_t area = 0;
  if (__builtin_mul_overflow(kh, kw, &area) || x.size(1) % area != 0) {
    throw ShapeError(fmt::format("{}: expected columns with a multiple of {} · {} elements, got {} (input {})", name,
                                 kh, kw, x.size(1), to_string(x.shape())));
  }
  const Conv2dGeometry geometry =
      geometry_of(name, x.size(0), x.size(1) / area, options.output_size, windows_of(options), "output");
  std::int64_t columns = 0;
  if (__builtin_mul_overflow(geometry.out_height, geometry.out_width, &columns) || x.size(2) != columns) {
    throw ShapeError(fmt::format("{}: expected {} · {} columns, one per window, got {} (input {})", name,
                                 geometry.out_height, geometry.out_width, x.size(2), to_string(x.shape())));
  }
  return detail::record_adjoint(Unfold{geometry}, x);
}

}  // namespace tapestry
