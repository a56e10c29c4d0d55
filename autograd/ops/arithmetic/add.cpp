#include <memory>

#include <tapestry/autograd/detail/lazy_elementwise.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/elementwise.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/map.hpp>

namespace tapestry {
namespace {

/// True for the matrix product of a linear layer and its bias.
bool is_bias_of_product(const Tensor& product, const Tensor& bias) {
  return product.rank() == 2 && bias.rank() == 1 && bias.size(0) == product.size(1) &&
         detail::pending_as<detail::LazyProduct>(product);
}

struct Add {
  static constexpr std::string_view name = "add";
  Shape shape_a_, shape_b_;

  Tensor forward(const Tensor& a, const Tensor& b) {
    shape_a_ = a.shape();
    shape_b_ = b.shape();
    detail::check_same_floating(name, a, b);
    if (shape_a_ == shape_b_) return detail::lazy_add(name, a, b);
    if (is_bias_of_product(a, b)) {
      return detail::lazy_affine(name, a,
                                 std::make_shared<detail::ChannelNumbers>(detail::ChannelNumbers::shift(b.array())));
    }
    return detail::map_floating(name, a, b, [](auto x, auto y) { return x + y; });
  }

  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    return {wanted[0] ? sum_to(gradient, shape_a_) : Tensor(), wanted[1] ? sum_to(gradient, shape_b_) : Tensor()};
  }
};

}  // namespace

Tensor add(const Tensor& a, const Tensor& b) {
  return record(Add{}, a, b);
}

void accumulate(Array& sum, const Array& term) {
  if (sum.shape() != term.shape() || !sum.is_unique()) {
    sum = add(sum, term).array();
    return;
  }
  const Array ordered = term.contiguous(sum.format());
  visit_floating(Add::name, sum.dtype(), [&]<class T>() {
    const T* in = ordered.data<T>();
    T* out = sum.mutable_data<T>();
    for_ranges(sum.numel(), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) out[i] += in[i];
    });
  });
}

}  // namespace tapestry
