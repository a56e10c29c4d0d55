#include <algorithm>
#include <optional>
#include <utility>

#include <tapestry/autograd/detail/lazy_activation_gradient.hpp>
#include <tapestry/autograd/detail/lazy_elementwise.hpp>
#include <tapestry/autograd/ops/conv/conv_math.hpp>
#include <tapestry/autograd/ops/conv/detail/conv2d_family.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/kernels/elementwise/channel_sums.hpp>

namespace tapestry::detail {
namespace {

using kernels::Conv2dGeometry;
using kernels::Conv2dPass;

using MemoryFormat::channels_last;

Shape image_shape(const Conv2dGeometry& g) {
  return {g.batch, g.in_channels, g.in_height, g.in_width};
}
Shape weight_shape(const Conv2dGeometry& g) {
  return {g.out_channels, g.in_channels / g.groups, g.kernel_height, g.kernel_width};
}
Shape output_shape(const Conv2dGeometry& g) {
  return {g.batch, g.out_channels, g.out_height, g.out_width};
}

/// The operations of each of the three passes: one multiply-add per output pixel and weight of its channel.
std::int64_t count_flops(const Conv2dGeometry& g) {
  return 2 * output_shape(g).numel() * (g.in_channels / g.groups) * g.kernel_height * g.kernel_width;
}

kernels::Conv2dAlgorithm algorithm_of(const Conv2dGeometry& geometry, DType dtype) {
  const bool allow_winograd = conv_math() == ConvMath::fast;
  return visit_floating("conv2d", dtype,
                        [&]<class T>() { return kernels::choose_algorithm<T>(geometry, allow_winograd); });
}

template <class T>
const T* data_or_null(const Array& array) {
  return array.defined() ? array.data<T>() : nullptr;
}

/// Calls `body(result, workspace)` with the memory that a pass needs.
template <class Body>
void run_pass(const Conv2dGeometry& geometry, Conv2dPass pass, kernels::Conv2dAlgorithm algorithm, Array& result,
              const Body& body) {
  visit_floating("conv2d", result.dtype(), [&]<class T>() {
    const std::size_t bytes = kernels::conv2d_workspace<T>(geometry, pass, algorithm);
    Array workspace = Array::empty({static_cast<std::int64_t>(bytes)}, DType::u8);
    body(result.mutable_data<T>(), workspace.mutable_data<std::uint8_t>());
  });
}

/// The images that a pass reads, channels-last: x or, if x is pending and the pass can apply an epilogue as it loads,
/// the array and the epilogue that x is computed from.
struct LoadedImages {
  LoadedImages(const Tensor& x, bool can_load_epilogue) {
    auto chain = can_load_epilogue ? LazyElementwise::chain_of(x) : std::nullopt;
    if (chain) {
      images = chain->input;
      epilogue = std::move(chain->epilogue);
    } else {
      images = x.array().contiguous(channels_last);
    }
  }

  Array images;
  ArrayEpilogue epilogue;
};

/// True when the pass should compute x as it loads, because x is recomputed rather than kept.
bool is_loaded_through(const Tensor& x, bool can_load_epilogue) {
  const auto lazy = pending(x);
  return lazy && can_load_epilogue && lazy->is_recomputed();
}

/// The result of a forward pass or of an input gradient.
class LazyConvolution final : public LazyProduct {
 public:
  LazyConvolution(std::string_view name, const Conv2dGeometry& geometry, Conv2dPass pass, const Tensor& x,
                  const Tensor& weight, const Tensor& bias)
      : LazyProduct(name, pass == Conv2dPass::forward ? output_shape(geometry) : image_shape(geometry), x.dtype(),
                    channels_last),
        geometry_(geometry),
        pass_(pass),
        algorithm_(algorithm_of(geometry, x.dtype())),
        x_(x.detach()),
        weight_(weight.array()),
        bias_(bias.defined() ? bias.array() : Array()) {
    const bool can_load = pass == Conv2dPass::forward && kernels::can_load_epilogue(geometry, algorithm_);
    if (!is_loaded_through(x, can_load)) (void)x.array();
    reads(x_);
    reads(weight);
    reads(bias);
  }

  std::int64_t touched() const override {
    if (pass_ == Conv2dPass::forward) return shape().numel();
    const std::int64_t taps = geometry_.kernel_height * geometry_.kernel_width;
    return std::min(shape().numel(),
                    geometry_.batch * geometry_.out_height * geometry_.out_width * taps * geometry_.in_channels);
  }

 private:
  Array compute_after(const ArrayEpilogue& after) override {
    const bool can_store = kernels::can_store_epilogue(geometry_, algorithm_);
    const LoadedImages x(x_, pass_ == Conv2dPass::forward && kernels::can_load_epilogue(geometry_, algorithm_));
    const Array kernel = weight_.contiguous();
    const bool is_over_addend = can_store && after.addend.defined() && after.addend.is_unique();
    Array y = is_over_addend ? after.addend : Array::empty(shape(), dtype(), channels_last);
    run_pass(geometry_, pass_, algorithm_, y, [&]<class T>(T* result, void* workspace) {
      const T* const images = x.images.data<T>();
      const auto store = can_store ? after.over<T>() : kernels::Epilogue<T>();
      if (pass_ == Conv2dPass::forward) {
        kernels::conv2d_forward(geometry_, algorithm_, images, kernel.data<T>(), data_or_null<T>(bias_), result,
                                workspace, x.epilogue.over<T>(), store);
      } else {
        kernels::conv2d_input_gradient(geometry_, algorithm_, images, kernel.data<T>(), data_or_null<T>(bias_), result,
                                       workspace, store);
      }
    });
    return can_store || after.is_none() ? y : apply(after, y);
  }

  void release() override {
    x_ = Tensor();
    weight_ = bias_ = Array();
  }

  Conv2dGeometry geometry_;
  Conv2dPass pass_;
  kernels::Conv2dAlgorithm algorithm_;
  Tensor x_;
  Array weight_, bias_;
};

/// Σ dy over all axes but the channels. If dy is the pending gradient of an activation, it is computed in the same
/// pass.
Array bias_gradient(const Tensor& dy) {
  const std::int64_t channels = dy.size(1);
  const std::int64_t rows = channels == 0 ? 0 : dy.numel() / channels;
  Array sums = Array::empty({channels}, DType::f64);
  Array scratch = Array::empty({kernels::channel_sums_scratch(rows, channels)}, DType::f64);
  double* const to = sums.mutable_data<double>();
  double* const partial = scratch.mutable_data<double>();
  const auto lazy = pending_as<LazyActivationGradient>(dy);
  const bool is_done = lazy && lazy->format() == channels_last &&
                       lazy->compute_with([&](const Array& incoming, const ActivationArrays& source, Array& masked) {
                         visit_floating("conv2d", masked.dtype(), [&]<class T>() {
                           kernels::activation_gradient_sums(rows, channels, incoming.data<T>(), source.over<T>(),
                                                             masked.mutable_data<T>(), to, partial);
                         });
                       });
  if (!is_done) {
    const Array gradient = dy.array().contiguous(channels_last);
    visit_floating("conv2d", gradient.dtype(),
                   [&]<class T>() { kernels::channel_sums(rows, channels, gradient.data<T>(), to, partial); });
  }
  return sums.to(dy.dtype());
}

/// The transposed convolution is the input gradient under another name.
enum class Kind { convolution, transposed, input_gradient };

template <Kind kind>
struct Convolution {
  static constexpr bool is_forward = kind == Kind::convolution;
  static constexpr std::string_view name = is_forward                 ? "conv2d"
                                           : kind == Kind::transposed ? "conv_transpose2d"
                                                                      : "conv2d_input_gradient";
  Conv2dGeometry geometry_;
  SavedTensor x_ = {}, weight_ = {};

  std::int64_t flops() const { return count_flops(geometry_); }

  Tensor forward(const Tensor& x, const Tensor& weight, const Tensor& bias) {
    if (weight.requires_grad()) x_ = SavedTensor(x);
    if (x.requires_grad()) weight_ = SavedTensor(weight);
    constexpr Conv2dPass pass = is_forward ? Conv2dPass::forward : Conv2dPass::input_gradient;
    return Tensor(make_lazy<LazyConvolution>(name, geometry_, pass, x, weight, bias));
  }

  std::vector<Tensor> backward(const Tensor& dy, const Wanted& wanted) const {
    Tensor dbias, dweight, dx;
    if (wanted[2]) dbias = grad_enabled() ? sum(dy, {0, 2, 3}) : Tensor(bias_gradient(dy));
    if constexpr (is_forward) {
      if (wanted[1]) dweight = convolution_weight_gradient(geometry_, x_.tensor(), dy);
      if (wanted[0]) dx = convolution_input_gradient(geometry_, dy, weight_.tensor());
    } else {
      if (wanted[1]) dweight = convolution_weight_gradient(geometry_, dy, x_.tensor());
      if (wanted[0]) dx = convolve(geometry_, dy, weight_.tensor(), {});
    }
    return {dx, dweight, dbias};
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
    const bool can_load = kernels::can_load_epilogue(geometry_, algorithm);
    const LoadedImages loaded(x, is_loaded_through(x, can_load));
    Array dweight = Array::empty(weight_shape(geometry_), x.dtype());
    run_pass(geometry_, Conv2dPass::weight_gradient, algorithm, dweight, [&]<class T>(T* result, void* workspace) {
      kernels::conv2d_weight_gradient(geometry_, algorithm, loaded.images.data<T>(), gradient.data<T>(), result,
                                      workspace, loaded.epilogue.over<T>());
    });
    return dweight;
  }

  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    return {wanted[0] ? convolution_input_gradient(geometry_, dy_.tensor(), gradient) : Tensor(),
            wanted[1] ? convolve(geometry_, x_.tensor(), gradient, {}) : Tensor()};
  }
};

}  // namespace

Tensor convolve(const Conv2dGeometry& geometry, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return record(Convolution<Kind::convolution>{.geometry_ = geometry}, x, weight, bias);
}
Tensor convolve_transposed(const Conv2dGeometry& geometry, const Tensor& dy, const Tensor& weight, const Tensor& bias) {
  return record(Convolution<Kind::transposed>{.geometry_ = geometry}, dy, weight, bias);
}
Tensor convolution_input_gradient(const Conv2dGeometry& geometry, const Tensor& dy, const Tensor& weight) {
  return record(Convolution<Kind::input_gradient>{.geometry_ = geometry}, dy, weight, Tensor());
}
Tensor convolution_weight_gradient(const Conv2dGeometry& geometry, const Tensor& x, const Tensor& dy) {
  return record(Conv2dWeightGradient{.geometry_ = geometry}, x, dy);
}

}  // namespace tapestry::detail
