#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/arithmetic/comparison.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry {
namespace {

struct Hardswish {
  static constexpr std::string_view name = "hardswish";
  SavedTensor x_;

  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    return detail::map_floating(name, x, [](auto value) {
      using T = decltype(value);
      const T raised = value + 3 < 0 ? T{0} : value + 3;
      return value * ((raised > 6 ? T{6} : raised) / 6);
    });
  }

  Array backward(const Array& gradient) const {
    return detail::map_floating(name, gradient, x_.array(), [](auto g, auto x) {
      using T = decltype(x);
      const T on_the_ramp = x / 3 + T{0.5};
      return g * (x <= -3 ? T{0} : x >= 3 ? T{1} : on_the_ramp);
    });
  }
  Tensor backward(const Tensor& gradient) const {
    const Tensor x = x_.tensor();
    return where(le(x, -3), 0, where(ge(x, 3), gradient, gradient * (x / 3 + 0.5)));
  }
};

}  // namespace

Tensor hardswish(const Tensor& x) {
  return record(Hardswish{}, x);
}

}  // namespace tapestry
