#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/matmul.hpp>
#include <tapestry/autograd/ops/reduction.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/blas.hpp>

namespace tapestry {
namespace {

/// op(a) · op(b), where op may transpose: with the flags a product's derivatives are products again, and nothing is
/// ever transposed in memory.
struct Matmul {
  static constexpr std::string_view name = "matmul";
  bool transpose_a_ = false, transpose_b_ = false;
  SavedTensor a_ = {}, b_ = {};

  static Tensor apply(const Tensor& a, bool transpose_a, const Tensor& b, bool transpose_b) {
    return record(Matmul{.transpose_a_ = transpose_a, .transpose_b_ = transpose_b}, a, b);
  }

  Array forward(const Tensor& a, const Tensor& b) {
    if (b.requires_grad()) a_ = SavedTensor(a);
    if (a.requires_grad()) b_ = SavedTensor(b);
    const std::int64_t m = a.size(transpose_a_ ? 1 : 0);
    const std::int64_t k = a.size(transpose_a_ ? 0 : 1);
    const std::int64_t n = b.size(transpose_b_ ? 0 : 1);
    Array result = Array::empty({m, n}, a.dtype());
    visit_floating(name, a.dtype(), [&]<class T>() {
      kernels::gemm(transpose_a_, transpose_b_, m, n, k, a.array().data<T>(), b.array().data<T>(),
                    result.mutable_data<T>());
    });
    return result;
  }

  // With G the gradient of C = A·B: dA = G·Bᵀ and dB = Aᵀ·G, transposed where A or B is.
  std::vector<Tensor> backward(const Tensor& g, const Wanted& wanted) const {
    Tensor da, db;
    if (wanted[0]) {
      const Tensor b = b_.tensor();
      da = transpose_a_ ? apply(b, transpose_b_, g, true) : apply(g, false, b, !transpose_b_);
    }
    if (wanted[1]) {
      const Tensor a = a_.tensor();
      db = transpose_b_ ? apply(g, true, a, transpose_a_) : apply(a, !transpose_a_, g, false);
    }
    return {da, db};
  }
};

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  detail::check_same_floating("matmul", a, b);
  detail::check_rank("matmul", "a matrix", a, 2);
  detail::check_rank("matmul", "a matrix", b, 2);
  if (a.size(1) != b.size(0)) {
    throw ShapeError(fmt::format("matmul: the inner sizes differ: {} and {} ({} times {})", a.size(1), b.size(0),
                                 to_string(a.shape()), to_string(b.shape())));
  }
  return Matmul::apply(a, false, b, false);
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  detail::check_same_floating("linear", x, weight);
  detail::check_rank("linear", "an input (N, in_features)", x, 2);
  detail::check_rank("linear", "a weight (out_features, in_features)", weight, 2);
  if (x.size(1) != weight.size(1)) {
    throw ShapeError(fmt::format("linear: expected {} input features (weight {}), got {} (input {})", weight.size(1),
                                 to_string(weight.shape()), x.size(1), to_string(x.shape())));
  }
  if (bias.defined()) detail::check_same_floating("linear", x, bias);
  if (bias.defined() && bias.shape() != Shape{weight.size(0)}) {
    throw ShapeError(fmt::format("linear: expected a bias of shape [{}] (weight {}), got {}", weight.size(0),
                                 to_string(weight.shape()), to_string(bias.shape())));
  }
  const Tensor product = Matmul::apply(x, false, weight, true);
  return bias.defined() ? product + bias : product;
}

}  // namespace tapestry
