// conv2d and its two gradients. All three are linear in each of their two operands, and each is differentiated by the
// other two: the family is closed, so that gradients of any order are convolutions again.
#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/conv.hpp>
#include <tapestry/autograd/ops/reduction.hpp>
#include <tapestry/autograd/ops/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/conv2d.hpp>

namespace tapestry {
namespace {

using kernels::Conv2dGeometry;
using kernels::Conv2dPass;

constexpr auto channels_last = MemoryFormat::channels_last;

Shape image_shape(const Conv2dGeometry& g) {
  return {g.batch, g.in_channels, g.in_height, g.in_width};
}
Shape weight_shape(const Conv2dGeometry& g) {
  return {g.out_channels, g.in_channels / g.groups, g.kernel_height, g.kernel_width};
}
Shape output_shape(const Conv2dGeometry& g) {
  return {g.batch, g.out_channels, g.out_height, g.out_width};
}

/// Runs one of the three passes with the algorithm for it and the scratch memory it needs.
template <class Body>
Array run_pass(const Conv2dGeometry& geometry, Conv2dPass pass, Array result, const Body& body) {
  const auto algorithm = kernels::choose_algorithm(geometry, pass);
  visit_floating("conv2d", result.dtype(), [&]<class T>() {
    const auto bytes = static_cast<std::int64_t>(kernels::conv2d_workspace<T>(geometry, pass, algorithm));
    Array workspace = Array::empty({bytes}, DType::u8);
    body(algorithm, result.mutable_data<T>(), workspace.mutable_data<std::uint8_t>());
  });
  return result;
}

Tensor input_gradient(const Conv2dGeometry& geometry, const Tensor& dy, const Tensor& weight);
Tensor weight_gradient(const Conv2dGeometry& geometry, const Tensor& x, const Tensor& dy);
Tensor convolution(const Conv2dGeometry& geometry, const Tensor& x, const Tensor& weight, const Tensor& bias);

struct Conv2d {
  static constexpr std::string_view name = "conv2d";
  Conv2dGeometry geometry_;
  SavedTensor x_ = {}, weight_ = {};

  Array forward(const Tensor& x, const Tensor& weight, const Tensor& bias) {
    if (weight.requires_grad()) x_ = SavedTensor(x);
    if (x.requires_grad()) weight_ = SavedTensor(weight);
    const Array image = x.array().contiguous(channels_last);
    const Array kernel = weight.array().contiguous();
    return run_pass(geometry_, Conv2dPass::forward, Array::empty(output_shape(geometry_), x.dtype(), channels_last),
                    [&]<class T>(auto algorithm, T* y, void* workspace) {
                      kernels::conv2d_forward(geometry_, algorithm, image.data<T>(), kernel.data<T>(),
                                              bias.defined() ? bias.array().data<T>() : nullptr, y, workspace);
                    });
  }

  std::vector<Tensor> backward(const Tensor& dy, const Wanted& wanted) const {
    return {wanted[0] ? input_gradient(geometry_, dy, weight_.tensor()) : Tensor(),
            wanted[1] ? weight_gradient(geometry_, x_.tensor(), dy) : Tensor(),
            wanted[2] ? sum(dy, {0, 2, 3}) : Tensor()};
  }
};

struct Conv2dInputGradient {
  static constexpr std::string_view name = "conv2d_input_gradient";
  Conv2dGeometry geometry_;
  SavedTensor dy_ = {}, weight_ = {};

  Array forward(const Tensor& dy, const Tensor& weight) {
    if (weight.requires_grad()) dy_ = SavedTensor(dy);
    if (dy.requires_grad()) weight_ = SavedTensor(weight);
    const Array gradient = dy.array().contiguous(channels_last);
    const Array kernel = weight.array().contiguous();
    return run_pass(
        geometry_, Conv2dPass::input_gradient, Array::empty(image_shape(geometry_), dy.dtype(), channels_last),
        [&]<class T>(auto algorithm, T* dx, void* workspace) {
          kernels::conv2d_input_gradient(geometry_, algorithm, gradient.data<T>(), kernel.data<T>(), dx, workspace);
        });
  }

  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    return {wanted[0] ? convolution(geometry_, gradient, weight_.tensor(), {}) : Tensor(),
            wanted[1] ? weight_gradient(geometry_, gradient, dy_.tensor()) : Tensor()};
  }
};

struct Conv2dWeightGradient {
  static constexpr std::string_view name = "conv2d_weight_gradient";
  Conv2dGeometry geometry_;
  SavedTensor x_ = {}, dy_ = {};

  Array forward(const Tensor& x, const Tensor& dy) {
    if (dy.requires_grad()) x_ = SavedTensor(x);
    if (x.requires_grad()) dy_ = SavedTensor(dy);
    const Array image = x.array().contiguous(channels_last);
    const Array gradient = dy.array().contiguous(channels_last);
    return run_pass(geometry_, Conv2dPass::weight_gradient, Array::empty(weight_shape(geometry_), x.dtype()),
                    [&]<class T>(auto algorithm, T* dweight, void* workspace) {
                      kernels::conv2d_weight_gradient(geometry_, algorithm, image.data<T>(), gradient.data<T>(),
                                                      dweight, workspace);
                    });
  }

  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    return {wanted[0] ? input_gradient(geometry_, dy_.tensor(), gradient) : Tensor(),
            wanted[1] ? convolution(geometry_, x_.tensor(), gradient, {}) : Tensor()};
  }
};

Tensor input_gradient(const Conv2dGeometry& geometry, const Tensor& dy, const Tensor& weight) {
  return record(Conv2dInputGradient{.geometry_ = geometry}, dy, weight);
}
Tensor weight_gradient(const Conv2dGeometry& geometry, const Tensor& x, const Tensor& dy) {
  return record(Conv2dWeightGradient{.geometry_ = geometry}, x, dy);
}
Tensor convolution(const Conv2dGeometry& geometry, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return record(Conv2d{.geometry_ = geometry}, x, weight, bias);
}

void check_operands(const Tensor& x, const Tensor& weight, const Tensor& bias, std::int64_t groups) {
  constexpr std::string_view name = Conv2d::name;
  detail::check_same_floating(name, x, weight);
  detail::check_rank(name, "an input (N, C, H, W)", x, 4);
  detail::check_rank(name, "a weight (out_channels, in_channels / groups, kh, kw)", weight, 4);
  if (weight.size(0) < 1 || weight.size(1) < 1) {
    throw ShapeError(fmt::format("{}: the weight must have channels, got {}", name, to_string(weight.shape())));
  }
  if (x.size(2) < 1 || x.size(3) < 1) {
    throw ShapeError(fmt::format("{}: the image must have pixels, got {}", name, to_string(x.shape())));
  }
  if (weight.size(0) % groups != 0) {
    throw ShapeError(fmt::format("{}: groups {} do not divide the {} output channels (weight {})", name, groups,
                                 weight.size(0), to_string(weight.shape())));
  }
  if (x.size(1) != weight.size(1) * groups) {
    throw ShapeError(fmt::format("{}: expected {} input channels (weight {}, groups {}), got {} (input {})", name,
                                 weight.size(1) * groups, to_string(weight.shape()), groups, x.size(1),
                                 to_string(x.shape())));
  }
  if (!bias.defined()) return;
  detail::check_same_floating(name, x, bias);
  if (bias.shape() != Shape{weight.size(0)}) {
    throw ShapeError(fmt::format("{}: expected a bias of shape [{}] (weight {}), got {}", name, weight.size(0),
                                 to_string(weight.shape()), to_string(bias.shape())));
  }
}

/// How the windows lie along one axis.
struct AxisWindows {
  std::int64_t pad_before;
  std::int64_t count;
};

AxisWindows windows_along(std::string_view axis, std::int64_t in, std::int64_t kernel, std::int64_t stride,
                          const Padding& padding, std::int64_t amount, std::int64_t dilation) {
  std::int64_t extent = 0;
  std::int64_t padded = 0;
  if (__builtin_mul_overflow(dilation, kernel - 1, &extent) || __builtin_add_overflow(extent, 1, &extent) ||
      __builtin_mul_overflow(amount, 2, &padded) || __builtin_add_overflow(padded, in, &padded)) {
    throw ShapeError(
        fmt::format("conv2d: along the {} the sizes overflow int64 (kernel {}, dilation {}, input {}, padding {})",
                    axis, kernel, dilation, in, amount));
  }
  if (padding.is_same) return {.pad_before = (extent - 1) / 2, .count = in};
  if (extent > padded) {
    throw ShapeError(
        fmt::format("conv2d: along the {} the kernel covers {} (size {}, dilation {}), the padded input has {} "
                    "(size {}, padding {})",
                    axis, extent, kernel, dilation, padded, in, amount));
  }
  return {.pad_before = amount, .count = (padded - extent) / stride + 1};
}

}  // namespace

void check_conv2d_options(std::string_view operation, const Conv2dOptions& options, Pair kernel_size) {
  const auto check = [&](std::string_view option, Pair value, std::int64_t least) {
    if (value.height < least || value.width < least) {
      throw ValueError(
          fmt::format("{}: {} must be at least {}, got ({}, {})", operation, option, least, value.height, value.width));
    }
  };
  check("kernel_size", kernel_size, 1);
  check("stride", options.stride, 1);
  check("padding", options.padding.amount, 0);
  check("dilation", options.dilation, 1);
  if (options.groups < 1)
    throw ValueError(fmt::format("{}: groups must be at least 1, got {}", operation, options.groups));
  if (options.padding.is_same && options.stride != Pair(1)) {
    throw ValueError(fmt::format("{}: padding same takes stride 1, got ({}, {})", operation, options.stride.height,
                                 options.stride.width));
  }
}

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options) {
  detail::check_rank(Conv2d::name, "a weight (out_channels, in_channels / groups, kh, kw)", weight, 4);
  check_conv2d_options(Conv2d::name, options, {weight.size(2), weight.size(3)});
  check_operands(x, weight, bias, options.groups);
  const auto& [stride, padding, dilation, groups] = options;
  const AxisWindows rows = windows_along("height", x.size(2), weight.size(2), stride.height, padding,
                                         padding.amount.height, dilation.height);
  const AxisWindows columns =
      windows_along("width", x.size(3), weight.size(3), stride.width, padding, padding.amount.width, dilation.width);
  const Conv2dGeometry geometry = {.batch = x.size(0),
                                   .in_channels = x.size(1),
                                   .in_height = x.size(2),
                                   .in_width = x.size(3),
                                   .out_channels = weight.size(0),
                                   .out_height = rows.count,
                                   .out_width = columns.count,
                                   .kernel_height = weight.size(2),
                                   .kernel_width = weight.size(3),
                                   .stride_height = stride.height,
                                   .stride_width = stride.width,
                                   .pad_top = rows.pad_before,
                                   .pad_left = columns.pad_before,
                                   .dilation_height = dilation.height,
                                   .dilation_width = dilation.width,
                                   .groups = groups};
  return convolution(geometry, x, weight, bias);
}

}  // namespace tapestry
