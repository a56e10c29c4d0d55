#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/detail/reduced_axes.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry::detail {

Reduction reduction_of(std::string_view operation, const Shape& shape, const Axes& axes) {
  Reduction result;
  result.axes = marked_axes(operation, shape, axes.list());
  if (axes.empty()) result.axes.fill(true);
  result.kept = shape;
  std::vector<std::int64_t> rest;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (result.axes[static_cast<std::size_t>(axis)]) {
      result.kept = result.kept.with(axis, 1);
      result.count *= shape[axis];
    } else {
      rest.push_back(shape[axis]);
    }
  }
  result.dropped = Shape(rest);
  return result;
}

void check_some(std::string_view operation, const Shape& shape, const Reduction& reduction) {
  if (reduction.count == 0)
    throw ValueError(
        fmt::format("{}: expected at least one element, got none (input {})", operation, to_string(shape)));
}

kernels::MiddleAxis middle_axis(const Array& x, int axis) {
  const std::int64_t inner = x.strides()[static_cast<std::size_t>(axis)];
  const std::int64_t row = x.size(axis) * inner;
  return {.outer = row == 0 ? 0 : x.numel() / row, .size = x.size(axis), .inner = inner};
}

}  // namespace tapestry::detail
