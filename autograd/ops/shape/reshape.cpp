#include <fmt/format.h>

#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

struct Reshape {
  static constexpr std::string_view name = "reshape";
  std::vector<std::int64_t> sizes_;
  Shape from_ = {};

  Array forward(const Tensor& x) {
    from_ = x.shape();
    return x.array().reshape(sizes_);
  }
  Tensor backward(const Tensor& gradient) const { return reshape(gradient, from_); }
};

}  // namespace

Tensor reshape(const Tensor& x, std::initializer_list<std::int64_t> sizes) {
  return record(Reshape{.sizes_ = sizes}, x);
}

Tensor reshape(const Tensor& x, const Shape& shape) {
  return record(Reshape{.sizes_ = {shape.begin(), shape.end()}}, x);
}

Tensor flatten(const Tensor& x, int first, int last) {
  if (x.rank() == 0) return reshape(x, {1});
  const int begin = x.shape().checked_axis(first);
  const int end = x.shape().checked_axis(last);
  if (begin > end) {
    throw ShapeError(
        fmt::format("flatten: first axis {} is after last axis {} of {}", first, last, to_string(x.shape())));
  }
  std::vector<std::int64_t> sizes;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (axis > begin && axis <= end) {
      sizes.back() *= x.size(axis);
    } else {
      sizes.push_back(x.size(axis));
    }
  }
  return reshape(x, Shape(sizes));
}

}  // namespace tapestry
