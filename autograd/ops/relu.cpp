#include <tapestry/autograd/ops/activation.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/map.hpp>

namespace tapestry {
namespace {

/// The gradient where the output was not cut off; linear, so that its derivative is itself.
struct ReluGradient {
  static constexpr std::string_view name = "relu_gradient";
  SavedTensor y_;

  Array forward(const Tensor& gradient) const {
    return visit_floating(name, gradient.dtype(), [&]<class T>() {
      return map<T>(gradient.array(), y_.array(), name, [](T g, T y) { return y <= 0 ? T{0} : g; });
    });
  }
  Tensor backward(const Tensor& gradient) const { return record(ReluGradient{SavedTensor(y_.array())}, gradient); }
};

struct Relu {
  static constexpr std::string_view name = "relu";
  SavedTensor y_;

  Array forward(const Tensor& x) {
    Array y = visit_floating(name, x.dtype(), [&]<class T>() {
      return map<T>(x.array(), [](T value) { return value <= 0 ? T{0} : value; });
    });
    y_ = SavedTensor::output(y);
    return y;
  }
  Tensor backward(const Tensor& gradient) const { return record(ReluGradient{SavedTensor(y_.array())}, gradient); }
};

}  // namespace

Tensor relu(const Tensor& x) {
  return record(Relu{}, x);
}

}  // namespace tapestry
