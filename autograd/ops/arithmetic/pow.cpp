#include <cmath>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/arithmetic/comparison.hpp>
#include <tapestry/autograd/ops/detail/flushed.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
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
    if (exponent_ == 1) return x.array().clone();
    return visit_floating(name, x.dtype(), [&]<class T>() {
      if (exponent_ == 2) return map<T>(x.array(), [](T value) { return value * value; });
      const T exponent = static_cast<T>(exponent_);
      return map<T>(x.array(), [exponent](T value) { return std::pow(detail::flushed(value), exponent); });
    });
  }

  Tensor backward(const Tensor& gradient) const {
    // The general formula gives 0 · ∞ at x = 0.
    if (exponent_ == 0) return gradient * 0;
    return gradient * (exponent_ * pow(x_.tensor(), exponent_ - 1));
  }
};

struct PowOfTensors {
  static constexpr std::string_view name = "pow";
  SavedTensor x_ = {}, exponent_ = {};

  Array forward(const Tensor& x, const Tensor& exponent) {
    x_ = SavedTensor(x);
    exponent_ = SavedTensor(exponent);
    return detail::map_floating(name, x, exponent,
                                [](auto base, auto power) { return std::pow(detail::flushed(base), power); });
  }

  // Where a derivative is 0 by convention, its formula would give 0 · ∞; x is replaced by 1 there, so that higher
  // derivatives stay finite too.
  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    const Tensor x = x_.tensor();
    const Tensor exponent = exponent_.tensor();
    Tensor dx, dexponent;
    if (wanted[0]) {
      const Tensor base = where(eq(exponent, 0), 1, x);
      dx = sum_to(gradient * (exponent * pow(base, exponent - 1)), x.shape());
    }
    if (wanted[1]) {
      const Array is_flat = detail::map_floating(name, x, exponent, [](auto value, auto power) {
        return static_cast<std::uint8_t>(value == 0 && power >= 0);
      });
      const Tensor base = where(is_flat, 1, x);
      dexponent = sum_to(gradient * (pow(base, exponent) * log(base)), exponent.shape());
    }
    return {dx, dexponent};
  }
};

}  // namespace

Tensor pow(const Tensor& x, double exponent) {
  return record(Pow{.exponent_ = exponent}, x);
}

Tensor pow(const Tensor& x, const Tensor& exponent) {
  return record(PowOfTensors{}, x, exponent);
}

}  // namespace tapestry
