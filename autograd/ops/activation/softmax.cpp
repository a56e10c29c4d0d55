#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/detail/reduced_axes.hpp>
#include <tapestry/autograd/ops/detail/run_kernel.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/kernels/reduction/softmax.hpp>

namespace tapestry {
namespace {

/// softmax or its logarithm.
template <bool is_log>
struct Softmax {
  static constexpr std::string_view name = is_log ? "log_softmax" : "softmax";
  int axis_;
  SavedTensor y_ = {};

  Array forward(const Tensor& x) {
    const kernels::MiddleAxis axis = detail::middle_axis(x.array(), axis_);
    Array y = detail::run_kernel(name, x, x.shape(), x.format(), [&]<class T>(const T* in, T* out) {
      constexpr auto kernel = is_log ? kernels::log_softmax<T> : kernels::softmax<T>;
      kernel(axis, in, out);
    });
    y_ = SavedTensor::output(y);
    return y;
  }

  // With y the result: dxᵢ = yᵢ · (gᵢ − Σⱼ gⱼ yⱼ) for softmax, dxᵢ = gᵢ − e^{yᵢ} · Σⱼ gⱼ for log_softmax.
  Array backward(const Array& gradient) const {
    const Array y = y_.array();
    return detail::run_kernel(name, gradient, y.shape(), y.format(), [&]<class T>(const T* dy, T* dx) {
      constexpr auto kernel = is_log ? kernels::log_softmax_gradient<T> : kernels::softmax_gradient<T>;
      kernel(detail::middle_axis(y, axis_), y.data<T>(), dy, dx);
    });
  }
  Tensor backward(const Tensor& gradient) const {
    const Tensor y = y_.tensor();
    if constexpr (is_log) return gradient - exp(y) * sum(gradient, {axis_}, true);
    return y * (gradient - sum(gradient * y, {axis_}, true));
  }
};

}  // namespace

Tensor softmax(const Tensor& x, int axis) {
  return record(Softmax<false>{.axis_ = x.shape().checked_axis(axis)}, x);
}

Tensor log_softmax(const Tensor& x, int axis) {
  return record(Softmax<true>{.axis_ = x.shape().checked_axis(axis)}, x);
}

}  // namespace tapestry
