// maximum and minimum of two tensors.
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/detail/weigh.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry {
namespace {

template <bool largest>
struct Extremum {
  static constexpr std::string_view name = largest ? "maximum" : "minimum";
  SavedTensor a_ = {}, b_ = {};

  /// True where y rather than x is the extremum; false for NaN.
  template <class T>
  static bool passes(T x, T y) {
    return largest ? x < y : x > y;
  }

  Array forward(const Tensor& a, const Tensor& b) {
    a_ = SavedTensor(a);
    b_ = SavedTensor(b);
    return detail::map_floating(name, a, b, [](auto x, auto y) { return passes(x, y) || y != y ? y : x; });
  }

  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    // Each gets half of the gradient at a tie; both get all of it where one is NaN.
    const auto part_of = [&](const SavedTensor& own, const SavedTensor& other) {
      const Array weights = detail::map_floating(name, own.array(), other.array(), [](auto x, auto y) {
        using T = decltype(x);
        return passes(x, y) ? T{0} : x == y ? T{0.5} : T{1};
      });
      return sum_to(detail::weigh(gradient, weights), own.array().shape());
    };
    return {wanted[0] ? part_of(a_, b_) : Tensor(), wanted[1] ? part_of(b_, a_) : Tensor()};
  }
};

}  // namespace

Tensor maximum(const Tensor& a, const Tensor& b) {
  return record(Extremum<true>{}, a, b);
}

Tensor minimum(const Tensor& a, const Tensor& b) {
  return record(Extremum<false>{}, a, b);
}

}  // namespace tapestry
