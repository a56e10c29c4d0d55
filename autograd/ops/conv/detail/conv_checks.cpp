#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/conv/detail/conv_checks.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace detail {
namespace {

std::string text_of(int axes, Pair value) {
  return axes == 1 ? fmt::format("{}", value.width) : fmt::format("({}, {})", value.height, value.width);
}

void check_options(std::string_view operation, int axes, const Conv2dOptions& options, Pair kernel_size) {
  check_option(operation, axes, "kernel_size", kernel_size, 1);
  check_option(operation, axes, "stride", options.stride, 1);
  check_option(operation, axes, "padding", options.padding.amount, 0);
  check_option(operation, axes, "dilation", options.dilation, 1);
  check_positive(operation, "groups", options.groups);
  if (options.padding.is_same && options.stride != Pair(1)) {
    throw ValueError(
        fmt::format("{}: padding 'same' requires stride 1, got {}", operation, text_of(axes, options.stride)));
  }
}

void check_options(std::string_view operation, int axes, const ConvTranspose2dOptions& options, Pair kernel_size) {
  check_option(operation, axes, "kernel_size", kernel_size, 1);
  check_option(operation, axes, "stride", options.stride, 1);
  check_option(operation, axes, "padding", options.padding, 0);
  check_option(operation, axes, "output_padding", options.output_padding, 0);
  check_option(operation, axes, "dilation", options.dilation, 1);
  check_positive(operation, "groups", options.groups);
  const auto fits = [](std::int64_t output_padding, std::int64_t stride, std::int64_t dilation) {
    return output_padding < stride || output_padding < dilation;
  };
  const auto& [stride, padding, output_padding, groups, dilation] = options;
  if (!fits(output_padding.height, stride.height, dilation.height) ||
      !fits(output_padding.width, stride.width, dilation.width)) {
    throw ValueError(
        fmt::format("{}: output_padding must be smaller than the stride or the dilation of its axis, got {} (stride "
                    "{}, dilation {})",
                    operation, text_of(axes, output_padding), text_of(axes, stride), text_of(axes, dilation)));
  }
}

}  // namespace

Conv2dOptions as_image(const Conv1dOptions& options) {
  Conv2dOptions result = {.stride = {1, options.stride},
                          .padding = {0, options.padding.amount},
                          .dilation = {1, options.dilation},
                          .groups = options.groups,
                          .padding_mode = options.padding_mode};
  result.padding.is_same = options.padding.is_same;
  return result;
}

ConvTranspose2dOptions as_image(const ConvTranspose1dOptions& options) {
  return {.stride = {1, options.stride},
          .padding = {0, options.padding},
          .output_padding = {0, options.output_padding},
          .groups = options.groups,
          .dilation = {1, options.dilation}};
}

Tensor as_image(const Tensor& sequence) {
  return reshape(sequence, {sequence.size(0), sequence.size(1), 1, sequence.size(2)});
}

Tensor as_sequence(const Tensor& image) {
  return reshape(image, {image.size(0), image.size(1), image.size(3)});
}

void check_option(std::string_view operation, int axes, std::string_view option, Pair value, std::int64_t least) {
  if (value.width < least || (axes == 2 && value.height < least)) {
    throw ValueError(fmt::format("{}: {} must be at least {}, got {}", operation, option, least, text_of(axes, value)));
  }
}

Pair image_size(const Tensor& x) {
  return {x.rank() == 3 ? 1 : x.size(2), x.size(-1)};
}

void check_weight_rank(std::string_view operation, int axes, const Tensor& weight, bool is_transposed) {
  if (weight.rank() == axes + 2) return;
  const std::string expected =
      fmt::format("a weight ({}_channels, {}_channels / groups, {})", is_transposed ? "in" : "out",
                  is_transposed ? "out" : "in", axes == 1 ? "k" : "kh, kw");
  check_rank(operation, expected, weight, axes + 2);
}

void check_conv_operands(std::string_view operation, int axes, const Tensor& x, const Tensor& weight,
                         const Tensor& bias, std::int64_t groups, bool is_transposed) {
  check_same_floating(operation, x, weight);
  check_rank(operation, axes == 1 ? "an input (N, C, L)" : "an input (N, C, H, W)", x, axes + 2);
  if (weight.size(0) < 1 || weight.size(1) < 1) {
    throw ShapeError(fmt::format("{}: the weight must have channels, got {}", operation, to_string(weight.shape())));
  }
  const Pair size = image_size(x);
  if (size.height < 1 || size.width < 1) {
    throw ShapeError(fmt::format("{}: the {} must have {}, got {}", operation, axes == 1 ? "sequence" : "image",
                                 axes == 1 ? "elements" : "pixels", to_string(x.shape())));
  }
  if (weight.size(0) % groups != 0) {
    throw ShapeError(fmt::format("{}: groups {} does not divide the {} {} channels (weight {})", operation, groups,
                                 weight.size(0), is_transposed ? "input" : "output", to_string(weight.shape())));
  }
  const std::int64_t in = is_transposed ? weight.size(0) : weight.size(1) * groups;
  const std::int64_t out = is_transposed ? weight.size(1) * groups : weight.size(0);
  if (x.size(1) != in) {
    throw ShapeError(fmt::format("{}: expected {} input channels (weight {}, groups {}), got {} (input {})", operation,
                                 in, to_string(weight.shape()), groups, x.size(1), to_string(x.shape())));
  }
  if (!bias.defined()) return;
  check_same_floating(operation, x, bias);
  if (bias.shape() != Shape{out}) {
    throw ShapeError(fmt::format("{}: expected a bias of shape [{}] (weight {}), got {}", operation, out,
                                 to_string(weight.shape()), to_string(bias.shape())));
  }
}

std::int64_t kernel_extent(std::string_view operation, std::string_view axis, const AxisSizes& sizes) {
  std::int64_t extent = 0;
  std::int64_t padded = 0;
  if (__builtin_mul_overflow(sizes.dilation, sizes.kernel - 1, &extent) || __builtin_add_overflow(extent, 1, &extent) ||
      __builtin_mul_overflow(sizes.padding, 2, &padded) || __builtin_add_overflow(padded, sizes.in, &padded)) {
    throw ShapeError(
        fmt::format("{}: along the {} the sizes overflow int64 (kernel {}, dilation {}, input {}, padding {})",
                    operation, axis, sizes.kernel, sizes.dilation, sizes.in, sizes.padding));
  }
  return extent;
}

std::int64_t window_count(std::string_view operation, std::string_view axis, const AxisSizes& sizes,
                          std::string_view image) {
  const std::int64_t extent = kernel_extent(operation, axis, sizes);
  const std::int64_t padded = sizes.in + 2 * sizes.padding;
  if (extent > padded) {
    throw ShapeError(
        fmt::format("{}: along the {} the kernel covers {} (size {}, dilation {}), the padded {} has {} "
                    "(size {}, padding {})",
                    operation, axis, extent, sizes.kernel, sizes.dilation, image, padded, sizes.in, sizes.padding));
  }
  return (padded - extent) / sizes.stride + 1;
}

std::int64_t transposed_size(std::string_view operation, std::string_view axis, const AxisSizes& sizes,
                             std::int64_t output_padding) {
  const auto describe = [&](std::string_view what) {
    return fmt::format(
        "{}: along the {} the {} (input {}, kernel {}, stride {}, padding {}, output_padding {}, dilation {})",
        operation, axis, what, sizes.in, sizes.kernel, sizes.stride, sizes.padding, output_padding, sizes.dilation);
  };
  std::int64_t size = 0;
  std::int64_t extent = 0;
  std::int64_t padding = 0;
  if (__builtin_mul_overflow(sizes.in - 1, sizes.stride, &size) ||
      __builtin_mul_overflow(sizes.dilation, sizes.kernel - 1, &extent) ||
      __builtin_add_overflow(size, extent, &size) || __builtin_add_overflow(size, output_padding, &size) ||
      __builtin_add_overflow(size, 1, &size) || __builtin_mul_overflow(sizes.padding, 2, &padding)) {
    throw ShapeError(describe("sizes overflow int64"));
  }
  if (size <= padding) throw ShapeError(describe(fmt::format("output would have the size {}", size - padding)));
  return size - padding;
}

}  // namespace detail

void Conv1dOptions::check(std::string_view operation, std::int64_t kernel_size) const {
  detail::check_options(operation, 1, detail::as_image(*this), {1, kernel_size});
}

void Conv2dOptions::check(std::string_view operation, Pair kernel_size) const {
  detail::check_options(operation, 2, *this, kernel_size);
}

void ConvTranspose1dOptions::check(std::string_view operation, std::int64_t kernel_size) const {
  detail::check_options(operation, 1, detail::as_image(*this), {1, kernel_size});
}

void ConvTranspose2dOptions::check(std::string_view operation, Pair kernel_size) const {
  detail::check_options(operation, 2, *this, kernel_size);
}

}  // namespace tapestry
