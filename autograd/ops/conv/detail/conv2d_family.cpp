#include <memory>
#include <optional>

#include <tapestry/autograd/ops/arithmetic/comparison.hpp>
#include <tapestry/autograd/ops/conv/conv_math.hpp>
#include <tapestry/autograd/ops/conv/detail/conv2d_family.hpp>
#include <tapestry/autograd/ops/detail/gradient_target.hpp>
#include <tapestry/autograd/ops/norm/detail/batch_norm_family.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/kernels/elementwise/relu_gradient.hpp>

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

kernels::Conv2dAlgorithm algorithm_of(const Conv2dGeometry& geometry, DType dtype) {
  const auto math = conv_math() == ConvMath::exact ? kernels::ConvMath::exact : kernels::ConvMath::fast;
  return visit_floating("conv2d", dtype, [&]<class T>() { return kernels::choose_algorithm<T>(geometry, math); });
}

/// Scratch memory for a pass.
template <class T>
Array workspace_of(const Conv2dGeometry& geometry, Conv2dPass pass, kernels::Conv2dAlgorithm algorithm) {
  return Array::empty({static_cast<std::int64_t>(kernels::conv2d_workspace<T>(geometry, pass, algorithm))}, DType::u8);
}

/// Runs one of the three passes with the scratch memory that its algorithm needs.
template <class Body>
Array run_pass(const Conv2dGeometry& geometry, Conv2dPass pass, kernels::Conv2dAlgorithm algorithm, Array result,
               const Body& body) {
  visit_floating("conv2d", result.dtype(), [&]<class T>() {
    Array workspace = workspace_of<T>(geometry, pass, algorithm);
    body(result.mutable_data<T>(), workspace.mutable_data<std::uint8_t>());
  });
  return result;
}

/// The images that a pass reads, channels-last: x or, where its elements have not been computed and the pass
/// `can_normalise`, the batch that x is the normalisation of. Made before the result, it computes what it has to while
/// there is no memory taken for that.
struct SourceImages {
  SourceImages(const Tensor& x, bool can_normalise) {
    if (can_normalise && x.array().is_deferred()) normalised = std::dynamic_pointer_cast<NormalisedBatch>(x.recipe());
    if (!normalised) {
      array = x.array().contiguous(channels_last);
      array.compute();
      return;
    }
    const CurrentNode normalising(x.node());
    array = normalised->x.array().contiguous(channels_last);
  }

  template <class T>
  std::optional<kernels::ChannelAffine<T>> normalisation() const {
    if (!normalised) return {};
    return normalised->affine<T>();
  }

  Array array;
  std::shared_ptr<NormalisedBatch> normalised;
};

template <class T>
const T* data_or_null(const Tensor& bias) {
  return bias.defined() ? bias.array().data<T>() : nullptr;
}

constexpr std::string_view input_gradient_name = "conv_transpose2d";

/// dx of channels-last dy, not computed yet: what waits for it may rather have it added to another gradient.
Array deferred_input_gradient(const Conv2dGeometry& geometry, const Array& dy, const Array& weight) {
  const auto algorithm = algorithm_of(geometry, dy.dtype());
  const auto run = [geometry, algorithm, dy, kernel = weight.contiguous()](std::byte* memory, bool adds) {
    ProfileSpan span(input_gradient_name);
    visit_floating(input_gradient_name, dy.dtype(), [&]<class T>() {
      Array workspace = workspace_of<T>(geometry, Conv2dPass::input_gradient, algorithm);
      auto* const scratch = workspace.mutable_data<std::uint8_t>();
      T* const dx = reinterpret_cast<T*>(memory);
      if (adds) {
        kernels::conv2d_add_input_gradient(geometry, algorithm, dy.data<T>(), kernel.data<T>(), dx, scratch);
      } else {
        kernels::conv2d_input_gradient<T>(geometry, algorithm, dy.data<T>(), kernel.data<T>(), nullptr, dx, scratch);
      }
    });
    span.add_input(dy);
    span.add_input(kernel);
    span.complete(count_flops(geometry));
  };
  Storage::Add add;
  if (kernels::can_add_input_gradient(algorithm)) add = [run](std::byte* memory) { run(memory, true); };
  return Array::deferred(
      image_shape(geometry), dy.dtype(), channels_last, [run](std::byte* memory) { run(memory, false); },
      std::move(add));
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
    const auto algorithm = algorithm_of(geometry_, x.dtype());
    const SourceImages images(x, !relu && kernels::can_normalise(geometry_, algorithm));
    const Array kernel = weight.array().contiguous();
    return run_pass(
        geometry_, Conv2dPass::forward, algorithm, Array::empty(output_shape(geometry_), x.dtype(), channels_last),
        [&]<class T>(T* y, void* workspace) {
          const T* const image = images.array.data<T>();
          const T* const offset = data_or_null<T>(bias);
          if (relu) {
            kernels::conv2d_relu_forward(geometry_, algorithm, image, kernel.data<T>(), offset, y, workspace);
          } else {
            const auto normalisation = images.normalisation<T>();
            kernels::conv2d_forward(geometry_, algorithm, image, kernel.data<T>(), offset, y, workspace,
                                    normalisation ? &*normalisation : nullptr);
          }
        });
  }

  std::vector<Array> backward(const Array& gradient, const Wanted& wanted) const {
    const Array dy = gradient.contiguous(channels_last);
    Array dx, dweight, dbias;
    if (wanted[0]) dx = deferred_input_gradient(geometry_, dy, weight_.array());
    if (wanted[1]) dweight = convolution_weight_gradient(geometry_, x_.tensor(), dy).array();
    if (wanted[2]) dbias = sum(dy, {0, 2, 3}).array();
    return {dx, dweight, dbias};
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

  std::vector<Array> backward(const Array& gradient, const Wanted& wanted) const {
    auto [dy, let_through] = detail::gradient_target(gradient);
    const std::int64_t channels = dy.size(1);
    const std::int64_t rows = channels == 0 ? 0 : dy.numel() / channels;
    Array sums = Array::empty({channels}, DType::f64);
    Array scratch = Array::empty({kernels::relu_gradient_scratch(rows, channels)}, DType::f64);
    visit_floating(name, dy.dtype(), [&, &from = dy, &to = let_through]<class T>() {
      kernels::relu_gradient(rows, channels, from.data<T>(), y_.array().data<T>(), to.mutable_data<T>(),
                             sums.mutable_data<double>(), scratch.mutable_data<double>());
    });
    std::vector<Array> gradients = convolution_.backward(let_through, {wanted[0], wanted[1], false});
    if (wanted[2]) gradients[2] = sums.to(dy.dtype());
    return gradients;
  }
  std::vector<Tensor> backward(const Tensor& dy, const Wanted& wanted) const {
    return convolution_.backward(where(le(y_.array(), 0), 0, dy), wanted);
  }
};

struct ConvTranspose2d {
  static constexpr std::string_view name = input_gradient_name;
  Conv2dGeometry geometry_;
  SavedTensor dy_ = {}, weight_ = {};

  std::int64_t flops() const { return count_flops(geometry_); }
  Array forward(const Tensor& dy, const Tensor& weight, const Tensor& bias) {
    if (weight.requires_grad()) dy_ = SavedTensor(dy);
    if (dy.requires_grad()) weight_ = SavedTensor(weight);
    const Array gradient = dy.array().contiguous(channels_last);
    const Array kernel = weight.array().contiguous();
    const auto algorithm = algorithm_of(geometry_, dy.dtype());
    return run_pass(geometry_, Conv2dPass::input_gradient, algorithm,
                    Array::empty(image_shape(geometry_), dy.dtype(), channels_last),
                    [&]<class T>(T* dx, void* workspace) {
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
    const Array gradient = dy.array().contiguous(channels_last);
    const auto algorithm = algorithm_of(geometry_, x.dtype());
    const SourceImages images(x, kernels::can_normalise(geometry_, algorithm));
    return run_pass(geometry_, Conv2dPass::weight_gradient, algorithm, Array::empty(weight_shape(geometry_), x.dtype()),
                    [&]<class T>(T* dweight, void* workspace) {
                      const auto normalisation = images.normalisation<T>();
                      kernels::conv2d_weight_gradient(geometry_, algorithm, images.array.data<T>(), gradient.data<T>(),
                                                      dweight, workspace, normalisation ? &*normalisation : nullptr);
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
