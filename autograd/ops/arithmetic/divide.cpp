#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry {
namespace {

struct Divide {
  static constexpr std::string_view name = "divide";
  Shape shape_a_;
  SavedTensor a_, b_;

  Array forward(const Tensor& a, const Tensor& b) {
    shape_a_ = a.shape();
    if (b.requires_grad()) a_ = SavedTensor(a);
    b_ = SavedTensor(b);
    return detail::map_floating(name, a, b, [](auto x, auto y) { return x / y; });
  }

  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    const Tensor b = b_.tensor();
    const Tensor quotient = gradient / b;
    return {wanted[0] ? sum_to(quotient, shape_a_) : Tensor(),
            wanted[1] ? -sum_to(quotient * (a_.tensor() / b), b.shape()) : Tensor()};
  }
};

}  // namespace

Tensor divide(const Tensor& a, const Tensor& b) {
  return record(Divide{}, a, b);
}

}  // namespace tapestry
