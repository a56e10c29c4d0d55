#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/detail/vector_elementwise.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry {
namespace {

struct Sigmoid {
  static constexpr std::string_view name = "sigmoid";
  SavedTensor y_;

  Array forward(const Tensor& x) {
    Array y = detail::map_through(
        name, x, detail::exp_in_vectors, [](auto value) { return -value; },
        [](auto, auto power) { return 1 / (1 + power); });
    y_ = SavedTensor::output(y);
    return y;
  }

  Array backward(const Array& gradient) const {
    return detail::map_floating(name, gradient, y_.array(), [](auto g, auto y) { return g * (y * (1 - y)); });
  }
  Tensor backward(const Tensor& gradient) const {
    const Tensor y = y_.tensor();
    return gradient * (y * (1 - y));
  }
};

}  // namespace

Tensor sigmoid(const Tensor& x) {
  return record(Sigmoid{}, x);
}

}  // namespace tapestry
