#include <tapestry/autograd/ops/comparison.hpp>
#include <tapestry/autograd/ops/conv2d_family.hpp>
#include <tapestry/autograd/ops/conv_math.hpp>
#include <tapestry/autograd/ops/gradient_target.hpp>
#include <tapestry/autograd/ops/reduction.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/kernels/relu_gradient.hpp>

namespace tapestry::detail {
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

/// Of any of the three passes: every output pixel is the end of as many products as there are weights for its channel.
std::int64_t count_flops(const Conv2dGeometry& g) {
  return 2 * output_shape(g).numel() * (g.in_channels / g.groups) * g.kernel_height * g.kernel_width;
}

/// Runs one of the three passes with the algorithm for it and the scratch memory it needs.
template <class Body>
Array run_pass(const Conv2dGeometry& geometry, Conv2dPass pass, Array result, const Body& body) {
  visit_floating("conv2d", result.dtype(), [&]<class T>() {
    const auto math = conv_math() == ConvMath::exact ? kernels::ConvMath::exact : kernels::ConvMath::fast;
    const auto algorithm = kernels::choose_algorithm<T>(geometry, pass, math);
    const auto bytes = static_cast<std::int64_t>(kernels::conv2d_workspace<T>(geometry, pass, algorithm));
    Array workspace = Array::empty({bytes}, DType::u8);
    body(algorithm, result.mutable_data<T>(), workspace.mutable_data<std::uint8_t>());
  });
  return result;
}

template <class T>
const T* data_or_null(const Tensor& bias) {
  return bias.defined() ? bias.array().data<T>() : nullptr;
}

struct Conv2d {
  static constexpr std::string_view name = "conv2d";
  Conv2dGeometry geometry_;
  SavedTensor x_ = {}, weight_ = {};

  std::int64_t flops() const { return count_flops(geometry_); }
  Array forward(const Tensor& x, const Tensor& weight, const Tensor& bias) { return forward(x, weight, bias, false); }
  Array forward(const Tensor& x, const Tensor& weight, const Tensor& bias, bool relu) {
    if (weight.requires_grad()) x_ = SavedTensor(x);
    if (x.requires_grad()) weight_ = SavedTensor(weight);
    const Array image = x.array().contiguous(channels_last);
    const Array kernel = weight.array().contiguous();
    return run_pass(geometry_, Conv2dPass::forward, Array::empty(output_shape(geometry_), x.dtype(), channels_last),
                    [&]<class T>(auto algorithm, T* y, void* workspace) {
                      const auto run = relu ? kernels::conv2d_relu_forward<T> : kernels::conv2d_forward<T>;
                      run(geometry_, algorithm, image.data<T>(), kernel.data<T>(), data_or_null<T>(bias), y, workspace);
                    });
  }

  std::vector<Tensor> backward(const Tensor& dy, const Wanted& wanted) const {
    return {wanted[0] ? convolve_transposed(geometry_, dy, weight_.tensor(), {}) : Tensor(),
            wanted[1] ? convolution_weight_gradient(geometry_, x_.tensor(), dy) : Tensor(),
            wanted[2] ? sum(dy, {0, 2, 3}) : Tensor()};
  }
};

struct Conv2dRelu {
  static constexpr std::string_view name = "conv2d_relu";
  Conv2d convolution_;
  SavedTensor y_ = {};

  std::int64_t flops() const { return convolution_.flops(); }

  Array forward(const Tensor& x, const Tensor& weight, const Tensor& bias) {
    Array y = convolution_.forward(x, weight, bias, true);
    y_ = SavedTensor::output(y);
    return y;
  }

  std::vector<Tensor> backward(const Array& gradient, const Wanted& wanted) const {
    auto [dy, let_through] = detail::gradient_target(gradient);
    const std::int64_t channels = dy.size(1);
    const std::int64_t rows = channels == 0 ? 0 : dy.numel() / channels;
    Array sums = Array::empty({channels}, DType::f64);
    Array scratch = Array::empty({kernels::relu_gradient_scratch(rows, channels)}, DType::f64);
    visit_floating(name, dy.dtype(), [&, &from = dy, &to = let_through]<class T>() {
      kernels::relu_gradient(rows, channels, from.data<T>(), y_.array().data<T>(), to.mutable_data<T>(),
                             sums.mutable_data<double>(), scratch.mutable_data<double>());
    });
    std::vector<Tensor> gradients = convolution_.backward(let_through, {wanted[0], wanted[1], false});
    if (wanted[2]) gradients[2] = sums.to(dy.dtype());
    return gradients;
  }
  std::vector<Tensor> backward(const Tensor& dy, const Wanted& wanted) const {
    return convolution_.backward(where(le(y_.array(), 0), 0, dy), wanted);
  }
};

struct ConvTranspose2d {
  static constexpr std::string_view name = "conv_transpose2d";
  Conv2dGeometry geometry_;
  SavedTensor dy_ = {}, weight_ = {};

  std::int64_t flops() const { return count_flops(geometry_); }
  Array forward(const Tensor& dy, const Tensor& weight, const Tensor& bias) {
    if (weight.requires_grad()) dy_ = SavedTensor(dy);
    if (dy.requires_grad()) weight_ = SavedTensor(weight);
    const Array gradient = dy.array().contiguous(channels_last);
    const Array kernel = weight.array().contiguous();
    return run_pass(geometry_, Conv2dPass::input_gradient,
                    Array::empty(image_shape(geometry_), dy.dtype(), channels_last),
                    [&]<class T>(auto algorithm, T* dx, void* workspace) {
                      kernels::conv2d_input_gradient(geometry_, algorithm, gradient.data<T>(), kernel.data<T>(),
                                                     data_or_null<T>(bias), dx, workspace);
                    });
  }

  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    return {wanted[0] ? convolve(geometry_, gradient, weight_.tensor(), {}) : Tensor(),
            wanted[1] ? convolution_weight_gradient(geometry_, gradient, dy_.tensor()) : Tensor(),
            wanted[2] ? sum(gradient, {0, 2, 3}) : Tensor()};
  }
};

struct Conv2dWeightGradient {
  static constexpr std::string_view name = "conv2d_weight_gradient";
  Conv2dGeometry geometry_;
  SavedTensor x_ = {}, dy_ = {};

  std::int64_t flops() const { return count_flops(geometry_); }
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
    return {wanted[0] ? convolve_transposed(geometry_, dy_.tensor(), gradient, {}) : Tensor(),
            wanted[1] ? convolve(geometry_, x_.tensor(), gradient, {}) : Tensor()};
  }
};

}  // namespace

Tensor convolve(const Conv2dGeometry& geometry, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return record(Conv2d{.geometry_ = geometry}, x, weight, bias);
}
Tensor convolve_relu(const Conv2dGeometry& geometry, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return record(Conv2dRelu{.convolution_ = {.geometry_ = geometry}}, x, weight, bias);
}
Tensor convolve_transposed(const Conv2dGeometry& geometry, const Tensor& dy, const Tensor& weight, const Tensor& bias) {
  return record(ConvTranspose2d{.geometry_ = geometry}, dy, weight, bias);
}
Tensor convolution_weight_gradient(const Conv2dGeometry& geometry, const Tensor& x, const Tensor& dy) {
  return record(Conv2dWeightGradient{.geometry_ = geometry}, x, dy);
}

}  // namespace tapestry::detail
