#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/detail/vector_elementwise.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry {
namespace {

struct Tanh {
  static constexpr std::string_view name = "tanh";
  SavedTensor y_;

  Array forward(const Tensor& x) {
    Array y = detail::map_through(
        name, x, detail::tanh_in_vectors, [](auto value) { return value; }, [](auto, auto result) { return result; });
    y_ = SavedTensor::output(y);
    return y;
  }

  Array backward(const Array& gradient) const {
    return detail::map_floating(name, gradient, y_.array(), [](auto g, auto y) { return g * (1 - y * y); });
  }
  Tensor backward(const Tensor& gradient) const {
    const Tensor y = y_.tensor();
    return gradient * (1 - y * y);
  }
};

}  // namespace

Tensor tanh(const Tensor& x) {
  return record(Tanh{}, x);
}

}  // namespace tapestry
