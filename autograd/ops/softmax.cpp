#include <algorithm>
#include <cmath>

#include <tapestry/autograd/ops/activation.hpp>
#include <tapestry/autograd/ops/arithmetic.hpp>
#include <tapestry/autograd/ops/axis_rows.hpp>
#include <tapestry/autograd/ops/reduction.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry {
namespace {

template <class T>
T largest_of(const T* row, std::int64_t stride, std::int64_t size) {
  T largest = row[0];
  for (std::int64_t i = 1; i < size; ++i) largest = std::max(largest, row[i * stride]);
  return largest;
}

struct Softmax {
  static constexpr std::string_view name = "softmax";
  int axis_;
  SavedTensor y_ = {};

  Array forward(const Tensor& x) {
    const std::int64_t size = x.size(axis_);
    Array y = Array::empty_like(x.array());
    visit_floating(name, x.dtype(), [&]<class T>() {
      const T* in = x.array().data<T>();
      T* out = y.mutable_data<T>();
      detail::for_each_row(x.array(), axis_, [&](std::int64_t first, std::int64_t stride) {
        const T largest = largest_of(in + first, stride, size);
        double total = 0;
        for (std::int64_t i = 0; i < size; ++i) {
          const T power = std::exp(in[first + i * stride] - largest);
          out[first + i * stride] = power;
          total += static_cast<double>(power);
        }
        for (std::int64_t i = 0; i < size; ++i) {
          out[first + i * stride] = static_cast<T>(static_cast<double>(out[first + i * stride]) / total);
        }
      });
    });
    y_ = SavedTensor::output(y);
    return y;
  }

  // dxᵢ = yᵢ · (gᵢ − Σⱼ gⱼ yⱼ)
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
    const std::int64_t size = x.size(axis_);
    Array y = Array::empty_like(x.array());
    visit_floating(name, x.dtype(), [&]<class T>() {
      const T* in = x.array().data<T>();
      T* out = y.mutable_data<T>();
      detail::for_each_row(x.array(), axis_, [&](std::int64_t first, std::int64_t stride) {
        const T largest = largest_of(in + first, stride, size);
        double total = 0;
        for (std::int64_t i = 0; i < size; ++i)
          total += std::exp(static_cast<double>(in[first + i * stride] - largest));
        const double normaliser = std::log(total);
        for (std::int64_t i = 0; i < size; ++i) {
          out[first + i * stride] = static_cast<T>(static_cast<double>(in[first + i * stride] - largest) - normaliser);
        }
      });
    });
    y_ = SavedTensor::output(y);
    return y;
  }

  // dxᵢ = gᵢ − softmax(x)ᵢ · Σⱼ gⱼ
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
