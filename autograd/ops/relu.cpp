#include <tapestry/autograd/ops/activation.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry {
namespace {

/// The gradient where the output was not cut off; linear, so that its derivative is itself.
struct ReluGradient {
  static constexpr std::string_view name = "relu_gradient";
  SavedTensor y_;

  Array forward(const Tensor& gradient) const {
    return detail::map_floating(name, gradient, y_.array(), [](auto g, auto y) { return y <= 0 ? decltype(g){0} : g; });
  }
  Tensor backward(const Tensor& gradient) const { return record(ReluGradient{SavedTensor(y_.array())}, gradient); }
};

struct Relu {
  static constexpr std::string_view name = "relu";
  SavedTensor y_;

  Array forward(const Tensor& x) {
    Array y = detail::map_floating(name, x, [](auto value) { return value <= 0 ? decltype(value){0} : value; });
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
