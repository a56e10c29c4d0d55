#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry {
namespace {

struct Multiply {
  static constexpr std::string_view name = "multiply";
  Shape shape_a_, shape_b_;
  SavedTensor a_, b_;

  Array forward(const Tensor& a, const Tensor& b) {
    shape_a_ = a.shape();
    shape_b_ = b.shape();
    if (b.requires_grad()) a_ = SavedTensor(a);
    if (a.requires_grad()) b_ = SavedTensor(b);
    return detail::map_floating(name, a, b, [](auto x, auto y) { return x * y; });
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
