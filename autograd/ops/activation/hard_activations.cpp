// Activations made of straight pieces: relu6, leaky_relu and hardsigmoid.
#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/detail/piecewise_linear.hpp>

namespace tapestry {
namespace {

// NaN is neither above nor below, so that it comes out as it went in.
struct Relu6 {
  static constexpr std::string_view name = "relu6";
  static constexpr std::string_view gradient_name = "relu6_gradient";

  template <class T>
  T value(T x) const {
    return x < 0 ? T{0} : x > 6 ? T{6} : x;
  }
  template <class T>
  T gradient(T g, T x) const {
    return ((x <= 0) | (x >= 6)) ? T{0} : g;
  }
};

struct LeakyRelu {
  static constexpr std::string_view name = "leaky_relu";
  static constexpr std::string_view gradient_name = "leaky_relu_gradient";
  double slope_;

  template <class T>
  T value(T x) const {
    return gradient(x, x);
  }
  // A sum of two choices: a product chosen or not would be a branch.
  template <class T>
  T gradient(T g, T x) const {
    return (x > 0 ? g : T{0}) + static_cast<T>(slope_) * (x > 0 ? T{0} : g);
  }
};

struct Hardsigmoid {
  static constexpr std::string_view name = "hardsigmoid";
  static constexpr std::string_view gradient_name = "hardsigmoid_gradient";

  template <class T>
  T value(T x) const {
    const T shifted = x + 3;
    return (shifted < 0 ? T{0} : shifted > 6 ? T{6} : shifted) / 6;
  }
  template <class T>
  T gradient(T g, T x) const {
    return (((x <= -3) | (x >= 3)) ? T{0} : g) / 6;
  }
};

}  // namespace

Tensor relu6(const Tensor& x) {
  return detail::record_pieces(Relu6{}, x);
}

Tensor leaky_relu(const Tensor& x, const LeakyReluOptions& options) {
  return detail::record_pieces(LeakyRelu{.slope_ = options.negative_slope}, x);
}

Tensor hardsigmoid(const Tensor& x) {
  return detail::record_pieces(Hardsigmoid{}, x);
}

}  // namespace tapestry
