#include <fmt/format.h>

#include <tapestry/autograd/ops/shape/detail/copy_along.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

struct Cat {
  static constexpr std::string_view name = "cat";
  int axis_;
  std::vector<std::int64_t> ends_ = {};

  Array forward(const std::vector<Tensor>& tensors) {
    for (const Tensor& x : tensors) {
      ends_.push_back((ends_.empty() ? 0 : ends_.back()) + x.size(axis_));
    }
    const Array& first = tensors.front().array();
    Array result = Array::empty(first.shape().with(axis_, ends_.back()), first.dtype(), first.format());
    std::int64_t begin = 0;
    for (const Tensor& x : tensors) {
      detail::copy_along(axis_, x.array().contiguous(result.format()), 0, result, begin, x.size(axis_));
      begin += x.size(axis_);
    }
    return result;
  }

  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    std::vector<Tensor> gradients(ends_.size());
    std::int64_t begin = 0;
    for (std::size_t i = 0; i < ends_.size(); begin = ends_[i++]) {
      if (wanted[i]) gradients[i] = slice(gradient, axis_, begin, ends_[i]);
    }
    return gradients;
  }
};

}  // namespace

Tensor cat(const std::vector<Tensor>& tensors, int axis) {
  if (tensors.empty()) throw ShapeError("cat: expected at least one tensor, got none");
  const Tensor& first = tensors.front();
  const int counted = first.shape().checked_axis(axis);
  for (std::size_t i = 1; i < tensors.size(); ++i) {
    const Tensor& x = tensors[i];
    if (x.dtype() != first.dtype()) {
      throw DTypeError(fmt::format("cat: expected the same dtype, got {} and, for tensor {}, {}",
                                   to_string(first.array()), i, to_string(x.array())));
    }
    if (x.rank() != first.rank() || x.shape().with(counted, first.size(counted)) != first.shape()) {
      throw ShapeError(fmt::format("cat: expected shapes that differ only along axis {}, got {} and, for tensor {}, {}",
                                   axis, to_string(first.shape()), i, to_string(x.shape())));
    }
  }
  return record(Cat{.axis_ = counted}, tensors);
}

}  // namespace tapestry
