#include <fmt/format.h>

#include <tapestry/autograd/ops/detail/linear_operator.hpp>
#include <tapestry/autograd/ops/shape/detail/copy_along.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

/// The adjoint embeds a part in zeros.
struct Slice {
  static constexpr std::string_view name = "slice";
  static constexpr std::string_view adjoint_name = "slice_gradient";
  Shape whole_;
  int axis_;
  std::int64_t begin_, end_;

  Array forward(const Tensor& x) const {
    Array result = Array::empty(whole_.with(axis_, end_ - begin_), x.dtype(), x.array().format());
    detail::copy_along(axis_, x.array(), begin_, result, 0, end_ - begin_);
    return result;
  }

  Array adjoint(const Tensor& part) const {
    Array result = Array::zeros(whole_, part.dtype(), part.array().format());
    detail::copy_along(axis_, part.array(), 0, result, begin_, end_ - begin_);
    return result;
  }
};

}  // namespace

Tensor slice(const Tensor& x, int axis, std::int64_t begin, std::int64_t end) {
  const int counted = x.shape().checked_axis(axis);
  if (begin < 0 || begin > end || end > x.size(counted)) {
    throw ShapeError(
        fmt::format("slice: [{}, {}) is out of range for axis {} of {}", begin, end, axis, to_string(x.shape())));
  }
  return detail::record_linear(Slice{.whole_ = x.shape(), .axis_ = counted, .begin_ = begin, .end_ = end}, x);
}

}  // namespace tapestry
