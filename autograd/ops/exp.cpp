#include <cmath>

#include <tapestry/autograd/ops/arithmetic.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry {
namespace {

struct Exp {
  static constexpr std::string_view name = "exp";
  SavedTensor y_;

  Array forward(const Tensor& x) {
    Array y = detail::map_floating(name, x, [](auto value) { return std::exp(value); });
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
