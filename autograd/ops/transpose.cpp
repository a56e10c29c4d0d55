#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/kernels/transpose.hpp>

namespace tapestry {
namespace {

struct Transpose {
  static constexpr std::string_view name = "transpose";

  Array forward(const Tensor& x) {
    detail::check_rank(name, "a matrix", x, 2);
    Array result = Array::empty({x.size(1), x.size(0)}, x.dtype());
    visit_dtype(x.dtype(), [&]<class T>() {
      kernels::transpose(1, x.size(0), x.size(1), x.array().data<T>(), result.mutable_data<T>());
    });
    return result;
  }
  Tensor backward(const Tensor& gradient) const { return transpose(gradient); }
};

}  // namespace

Tensor transpose(const Tensor& x) {
  return record(Transpose{}, x);
}

}  // namespace tapestry
