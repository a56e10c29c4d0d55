#include <cmath>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry {
namespace {

struct Sqrt {
  static constexpr std::string_view name = "sqrt";
  SavedTensor y_;

  Array forward(const Tensor& x) {
    Array y = detail::map_floating(name, x, [](auto value) { return std::sqrt(value); });
    y_ = SavedTensor::output(y);
    return y;
  }

  Tensor backward(const Tensor& gradient) const { return gradient / (2 * y_.tensor()); }
};

}  // namespace

Tensor sqrt(const Tensor& x) {
  return record(Sqrt{}, x);
}

}  // namespace tapestry
