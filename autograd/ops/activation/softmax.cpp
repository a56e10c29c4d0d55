#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/detail/reduced_axes.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/kernels/reduction/softmax.hpp>

namespace tapestry {
namespace {

struct Softmax {
  static constexpr std::string_view name = "softmax";
  int axis_;
  SavedTensor y_ = {};

  Array forward(const Tensor& x) {
    Array y = Array::empty_like(x.array());
    visit_floating(name, x.dtype(), [&]<class T>() {
      kernels::softmax(detail::middle_axis(y, axis_), x.array().data<T>(), y.mutable_data<T>());
    });
    y_ = SavedTensor::output(y);
    return y;
  }

  // dxᵢ = yᵢ · (gᵢ − Σⱼ gⱼ yⱼ)
  Array backward(const Array& gradient) const {
    const Array y = y_.array();
    const Array dy = gradient.contiguous(y.format());
    Array dx = Array::empty_like(y);
    visit_floating(name, y.dtype(), [&]<class T>() {
      kernels::softmax_gradient(detail::middle_axis(y, axis_), y.data<T>(), dy.data<T>(), dx.mutable_data<T>());
    });
    return dx;
  }
  Tensor backward(const Tensor& gradient) const {
    const Tensor y = y_.tensor();
    return y * (gradient - sum(gradient * y, {axis_}, true));
  }
};

struct LogSoftmax {
  static constexpr std::string_view name = "log_softmax";
  int axis_;
  SavedTensor y_ = {};

  Array forward(const Tensor& x) {
    Array y = Array::empty_like(x.array());
    visit_floating(name, x.dtype(), [&]<class T>() {
      kernels::log_softmax(detail::middle_axis(y, axis_), x.array().data<T>(), y.mutable_data<T>());
    });
    y_ = SavedTensor::output(y);
    return y;
  }

  // dxᵢ = gᵢ − softmax(x)ᵢ · Σⱼ gⱼ
  Array backward(const Array& gradient) const {
    const Array y = y_.array();
    const Array dy = gradient.contiguous(y.format());
    Array dx = Array::empty_like(y);
    visit_floating(name, y.dtype(), [&]<class T>() {
      kernels::log_softmax_gradient(detail::middle_axis(y, axis_), y.data<T>(), dy.data<T>(), dx.mutable_data<T>());
    });
    return dx;
  }
  Tensor backward(const Tensor& gradient) const { return gradient - exp(y_.tensor()) * sum(gradient, {axis_}, true); }
};

}  // namespace

Tensor softmax(const Tensor& x, int axis) {
  return record(Softmax{.axis_ = x.shape().checked_axis(axis)}, x);
}

Tensor log_softmax(const Tensor& x, int axis) {
  return record(LogSoftmax{.axis_ = x.shape().checked_axis(axis)}, x);
}

}  // namespace tapestry
