#include <tapestry/autograd/ops/arithmetic.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/reduction.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/map.hpp>

namespace tapestry {
namespace {

struct Multiply {
  static constexpr std::string_view name = "multiply";
  Shape shape_a_, shape_b_;
  SavedTensor a_, b_;

  Array forward(const Tensor& a, const Tensor& b) {
    detail::check_same_floating(name, a, b);
    shape_a_ = a.shape();
    shape_b_ = b.shape();
    if (b.requires_grad()) a_ = SavedTensor(a);
    if (a.requires_grad()) b_ = SavedTensor(b);
    return visit_floating(
        name, a.dtype(), [&]<class T>() { return map<T>(a.array(), b.array(), name, [](T x, T y) { return x * y; }); });
  }

  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    return {wanted[0] ? sum_to(gradient * b_.tensor(), shape_a_) : Tensor(),
            wanted[1] ? sum_to(gradient * a_.tensor(), shape_b_) : Tensor()};
  }
};

}  // namespace

Tensor multiply(const Tensor& a, const Tensor& b) {
  return record(Multiply{}, a, b);
}

}  // namespace tapestry
