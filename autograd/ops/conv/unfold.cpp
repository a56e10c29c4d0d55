// unfold and fold, each the other's adjoint.
#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/conv/detail/conv_checks.hpp>
#include <tapestry/autograd/ops/conv/unfold.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/conv/unfold.hpp>

namespace tapestry {
namespace {

using kernels::Conv2dGeometry;

Tensor unfolded(const Conv2dGeometry& geometry, const Tensor& x);
Tensor folded(const Conv2dGeometry& geometry, const Tensor& columns);

struct Unfold {
  static constexpr std::string_view name = "unfold";
  Conv2dGeometry geometry_;

  Array forward(const Tensor& x) const {
    const Conv2dGeometry& g = geometry_;
    Array columns = Array::empty(
        {g.batch, g.in_channels * g.kernel_height * g.kernel_width, g.out_height * g.out_width}, x.dtype());
    const Array image = x.array().contiguous();
    visit_floating(name, x.dtype(), [&]<class T>() { kernels::unfold(g, image.data<T>(), columns.mutable_data<T>()); });
    return columns;
  }
  Tensor backward(const Tensor& gradient) const { return folded(geometry_, gradient); }
};

struct Fold {
  static constexpr std::string_view name = "fold";
  Conv2dGeometry geometry_;

  Array forward(const Tensor& x) const {
    const Conv2dGeometry& g = geometry_;
    Array image = Array::empty({g.batch, g.in_channels, g.in_height, g.in_width}, x.dtype());
    const Array columns = x.array().contiguous();
    visit_floating(name, x.dtype(), [&]<class T>() { kernels::fold(g, columns.data<T>(), image.mutable_data<T>()); });
    return image;
  }
  Tensor backward(const Tensor& gradient) const { return unfolded(geometry_, gradient); }
};

Tensor unfolded(const Conv2dGeometry& geometry, const Tensor& x) {
  return record(Unfold{.geometry_ = geometry}, x);
}
Tensor folded(const Conv2dGeometry& geometry, const Tensor& columns) {
  return record(Fold{.geometry_ = geometry}, columns);
}

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

void check_unfold_options(std::string_view operation, const UnfoldOptions& options) {
  detail::check_option(operation, 2, "kernel_size", options.kernel_size, 1);
  detail::check_option(operation, 2, "dilation", options.dilation, 1);
  detail::check_option(operation, 2, "padding", options.padding, 0);
  detail::check_option(operation, 2, "stride", options.stride, 1);
}

void check_fold_options(std::string_view operation, const FoldOptions& options) {
  detail::check_option(operation, 2, "output_size", options.output_size, 1);
  check_unfold_options(operation, windows_of(options));
}

Tensor unfold(const Tensor& x, const UnfoldOptions& options) {
  detail::check_floating(Unfold::name, x);
  check_unfold_options(Unfold::name, options);
  detail::check_rank(Unfold::name, "an input (N, C, H, W)", x, 4);
  if (x.size(2) < 1 || x.size(3) < 1) {
    throw ShapeError(fmt::format("{}: expected an image with pixels, got {}", Unfold::name, to_string(x.shape())));
  }
  const Conv2dGeometry geometry =
      geometry_of(Unfold::name, x.size(0), x.size(1), {x.size(2), x.size(3)}, options, "input");
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  if (__builtin_mul_overflow(geometry.kernel_height, geometry.kernel_width, &rows) ||
      __builtin_mul_overflow(geometry.in_channels, rows, &rows) ||
      __builtin_mul_overflow(geometry.out_height, geometry.out_width, &columns)) {
    throw ShapeError(fmt::format("{}: {} · {} windows of {} · {} · {} numbers overflow int64 (input {})", Unfold::name,
                                 geometry.out_height, geometry.out_width, geometry.in_channels, geometry.kernel_height,
                                 geometry.kernel_width, to_string(x.shape())));
  }
  return unfolded(geometry, x);
}

Tensor fold(const Tensor& x, const FoldOptions& options) {
  detail::check_floating(Fold::name, x);
  check_fold_options(Fold::name, options);
  detail::check_rank(Fold::name, "an input (N, C · kh · kw, L)", x, 3);
  const auto& [kh, kw] = options.kernel_size.get();
  std::int64_t area = 0;
  if (__builtin_mul_overflow(kh, kw, &area) || x.size(1) % area != 0) {
    throw ShapeError(fmt::format("{}: expected columns with a multiple of {} · {} elements, got {} (input {})",
                                 Fold::name, kh, kw, x.size(1), to_string(x.shape())));
  }
  const Conv2dGeometry geometry =
      geometry_of(Fold::name, x.size(0), x.size(1) / area, options.output_size, windows_of(options), "output");
  std::int64_t columns = 0;
  if (__builtin_mul_overflow(geometry.out_height, geometry.out_width, &columns) || x.size(2) != columns) {
    throw ShapeError(fmt::format("{}: expected {} · {} columns, one per window, got {} (input {})", Fold::name,
                                 geometry.out_height, geometry.out_width, x.size(2), to_string(x.shape())));
  }
  return folded(geometry, x);
}

}  // namespace tapestry
