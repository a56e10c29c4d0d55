#include <cmath>

#include <tapestry/autograd/ops/arithmetic.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/map.hpp>

namespace tapestry {
namespace {

struct Pow {
  static constexpr std::string_view name = "pow";
  double exponent_;
  SavedTensor x_ = {};

  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    return visit_floating(name, x.dtype(), [&]<class T>() {
      const T exponent = static_cast<T>(exponent_);
      return map<T>(x.array(), [exponent](T value) { return std::pow(value, exponent); });
    });
  }

  Tensor backward(const Tensor& gradient) const {
    // The general formula gives 0 · ∞ at x = 0.
    if (exponent_ == 0) return gradient * 0;
    return gradient * (exponent_ * pow(x_.tensor(), exponent_ - 1));
  }
};

}  // namespace

Tensor pow(const Tensor& x, double exponent) {
  return record(Pow{.exponent_ = exponent}, x);
}

}  // namespace tapestry
