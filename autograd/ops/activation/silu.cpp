#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/detail/vector_elementwise.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry {
namespace {

struct Silu {
  static constexpr std::string_view name = "silu";
  SavedTensor x_;

  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    return detail::map_through(
        name, x, detail::exp_in_vectors, [](auto value) { return -value; },
        [](auto value, auto power) { return value / (1 + power); });
  }

  // With s the sigmoid of x: s · (1 + x · (1 − s))
  Array backward(const Array& gradient) const {
    return detail::map_through(
        name, gradient, x_.array(), detail::exp_in_vectors, [](auto x) { return -x; },
        [](auto g, auto x, auto power) {
          const auto s = 1 / (1 + power);
          return g * (s * (1 + x * (1 - s)));
        });
  }
  Tensor backward(const Tensor& gradient) const {
    const Tensor x = x_.tensor();
    const Tensor s = sigmoid(x);
    return gradient * (s * (1 + x * (1 - s)));
  }
};

}  // namespace

Tensor silu(const Tensor& x) {
  return record(Silu{}, x);
}

}  // namespace tapestry
