#include <tapestry/autograd/ops/arithmetic.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/reduction.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/map.hpp>

namespace tapestry {
namespace {

struct Subtract {
  static constexpr std::string_view name = "subtract";
  Shape shape_a_, shape_b_;

  Array forward(const Tensor& a, const Tensor& b) {
    detail::check_same_floating(name, a, b);
    shape_a_ = a.shape();
    shape_b_ = b.shape();
    return visit_floating(
        name, a.dtype(), [&]<class T>() { return map<T>(a.array(), b.array(), name, [](T x, T y) { return x - y; }); });
  }

  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    return {wanted[0] ? sum_to(gradient, shape_a_) : Tensor(), wanted[1] ? -sum_to(gradient, shape_b_) : Tensor()};
  }
};

}  // namespace

Tensor subtract(const Tensor& a, const Tensor& b) {
  return record(Subtract{}, a, b);
}

}  // namespace tapestry
