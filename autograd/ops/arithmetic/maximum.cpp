// maximum and minimum of two tensors.
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/detail/weigh.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry {
namespace {

struct Maximum {
  static constexpr std::string_view name = "maximum";
  /// True where y rather than x is the extremum; false for NaN.
  template <class T>
  static bool passes(T x, T y) {
    return x < y;
  }
};

struct Minimum {
  static constexpr std::string_view name = "minimum";
  template <class T>
  static bool passes(T x, T y) {
    return x > y;
  }
};

template <class Order>
struct Extremum {
  static constexpr std::string_view name = Order::name;
  SavedTensor a_ = {}, b_ = {};

  Array forward(const Tensor& a, const Tensor& b) {
    a_ = SavedTensor(a);
    b_ = SavedTensor(b);
    return detail::map_floating(name, a, b, [](auto x, auto y) { return Order::passes(x, y) || y != y ? y : x; });
  }

  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    // Half to each at a tie, and all to both where one is NaN.
    const auto part_of = [&](const SavedTensor& own, const SavedTensor& other) {
      const Array weights = detail::map_floating(name, own.array(), other.array(), [](auto x, auto y) {
        using T = decltype(x);
        return Order::passes(x, y) ? T{0} : x == y ? T{0.5} : T{1};
      });
      return sum_to(detail::weigh(gradient, weights), own.array().shape());
    };
    return {wanted[0] ? part_of(a_, b_) : Tensor(), wanted[1] ? part_of(b_, a_) : Tensor()};
  }
};

}  // namespace

Tensor maximum(const Tensor& a, const Tensor& b) {
  return record(Extremum<Maximum>{}, a, b);
}

Tensor minimum(const Tensor& a, const Tensor& b) {
  return record(Extremum<Minimum>{}, a, b);
}

}  // namespace tapestry
