#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry {
namespace {

struct Subtract {
  static constexpr std::string_view name = "subtract";
  Shape shape_a_, shape_b_;

  Array forward(const Tensor& a, const Tensor& b) {
    shape_a_ = a.shape();
    shape_b_ = b.shape();
    return detail::map_floating(name, a, b, [](auto x, auto y) { return x - y; });
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
