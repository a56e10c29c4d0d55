#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry {
namespace {

struct Negate {
  static constexpr std::string_view name = "negate";

  Array forward(const Tensor& x) {
    return detail::map_floating(name, x, [](auto value) { return -value; });
  }

  Tensor backward(const Tensor& gradient) const { return -gradient; }
};

}  // namespace

Tensor negate(const Tensor& x) {
  return record(Negate{}, x);
}

}  // namespace tapestry
