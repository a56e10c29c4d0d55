// relu, and with a sum before it add_relu.
#include <array>

#include <fmt/format.h>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

template <class T>
T rectified(T x) {
  return x <= 0 ? T{0} : x;
}

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
    Array y = detail::map_floating(name, x, [](auto value) { return rectified(value); });
    y_ = SavedTensor::output(y);
    return y;
  }
  Tensor backward(const Tensor& gradient) const { return record(ReluGradient{SavedTensor(y_.array())}, gradient); }
};

struct AddRelu {
  static constexpr std::string_view name = "add_relu";
  SavedTensor y_;

  Array forward(const Tensor& a, const Tensor& b) {
    Array y = detail::map_floating(name, a, b, [](auto x, auto z) { return rectified(x + z); });
    y_ = SavedTensor::output(y);
    return y;
  }
  // The tape adds to a gradient in place only where nothing else sees it, so that one array serves both.
  std::array<Tensor, 2> backward(const Tensor& gradient) const {
    const Tensor both = record(ReluGradient{SavedTensor(y_.array())}, gradient);
    return {both, both};
  }
};

}  // namespace

Tensor relu(const Tensor& x) {
  return record(Relu{}, x);
}

Tensor add_relu(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape()) {
    throw ShapeError(fmt::format("{}: expected two tensors of one shape, got {} and {}", AddRelu::name,
                                 to_string(a.shape()), to_string(b.shape())));
  }
  return record(AddRelu{}, a, b);
}

}  // namespace tapestry
