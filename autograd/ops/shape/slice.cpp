// slice and its adjoint, which embeds a part in zeros.
#include <cstring>

#include <fmt/format.h>

#include <tapestry/autograd/ops/shape/detail/copy_along.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

struct Embed {
  static constexpr std::string_view name = "slice_gradient";
  Shape whole_;
  int axis_;
  std::int64_t begin_;
  std::int64_t end_ = 0;

  Array forward(const Tensor& part) {
    end_ = begin_ + part.size(axis_);
    Array result = Array::zeros(whole_, part.dtype(), part.array().format());
    detail::copy_along(axis_, part.array(), 0, result, begin_, end_ - begin_);
    return result;
  }
  Tensor backward(const Tensor& gradient) const { return slice(gradient, axis_, begin_, end_); }
};

struct Slice {
  static constexpr std::string_view name = "slice";
  int axis_;
  std::int64_t begin_;
  std::int64_t end_;
  Shape whole_ = {};

  Array forward(const Tensor& x) {
    whole_ = x.shape();
    Array result = Array::empty(whole_.with(axis_, end_ - begin_), x.dtype(), x.array().format());
    detail::copy_along(axis_, x.array(), begin_, result, 0, end_ - begin_);
    return result;
  }
  Tensor backward(const Tensor& gradient) const {
    return record(Embed{.whole_ = whole_, .axis_ = axis_, .begin_ = begin_}, gradient);
  }
};

}  // namespace

Tensor slice(const Tensor& x, int axis, std::int64_t begin, std::int64_t end) {
  const int counted = x.shape().checked_axis(axis);
  if (begin < 0 || begin > end || end > x.size(counted)) {
    throw ShapeError(
        fmt::format("slice: [{}, {}) is out of range for axis {} of {}", begin, end, axis, to_string(x.shape())));
  }
  return record(Slice{.axis_ = counted, .begin_ = begin, .end_ = end}, x);
}

}  // namespace tapestry
