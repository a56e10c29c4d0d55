#include <tapestry/autograd/ops/arithmetic.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/map.hpp>

namespace tapestry {
namespace {

struct Negate {
  static constexpr std::string_view name = "negate";

  Array forward(const Tensor& x) {
    return visit_floating(name, x.dtype(),
                          [&]<class T>() { return map<T>(x.array(), [](T value) { return -value; }); });
  }

  Tensor backward(const Tensor& gradient) const { return -gradient; }
};

}  // namespace

Tensor negate(const Tensor& x) {
  return record(Negate{}, x);
}

}  // namespace tapestry
