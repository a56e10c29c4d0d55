#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/detail/vector_elementwise.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry {
namespace {

struct Exp {
  static constexpr std::string_view name = "exp";
  SavedTensor y_;

  Array forward(const Tensor& x) {
    Array y = detail::map_through(
        name, x, detail::exp_in_vectors, [](auto value) { return value; }, [](auto, auto power) { return power; });
    y_ = SavedTensor::output(y);
    return y;
  }

  Tensor backward(const Tensor& gradient) const { return gradient * y_.tensor(); }
};

}  // namespace

Tensor exp(const Tensor& x) {
  return record(Exp{}, x);
}

}  // namespace tapestry
