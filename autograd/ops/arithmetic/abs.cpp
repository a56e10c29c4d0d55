#include <cmath>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/detail/piecewise_linear.hpp>

namespace tapestry {
namespace {

struct Abs {
  static constexpr std::string_view name = "abs";
  static constexpr std::string_view gradient_name = "abs_gradient";

  template <class T>
  T value(T x) const {
    return std::abs(x);
  }
  template <class T>
  T gradient(T g, T x) const {
    return x > 0 ? g : x < 0 ? -g : x;  // 0 at 0, NaN at NaN
  }
};

}  // namespace

Tensor abs(const Tensor& x) {
  return detail::record_pieces(Abs{}, x);
}

}  // namespace tapestry
