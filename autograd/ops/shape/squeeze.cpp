// squeeze, unsqueeze and stack: reshapes that add or drop axes of size 1.
#include <array>

#include <fmt/format.h>

#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {

Tensor squeeze(const Tensor& x) {
  std::vector<int> axes;
  for (int axis = 0; axis < x.rank(); ++axis) axes.push_back(axis);
  return squeeze(x, axes);
}

Tensor squeeze(const Tensor& x, const Axes& axes) {
  std::array<bool, Shape::max_rank> is_dropped{};
  for (const int axis : axes.list()) is_dropped[static_cast<std::size_t>(x.shape().checked_axis(axis))] = true;
  std::vector<std::int64_t> sizes;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (!is_dropped[static_cast<std::size_t>(axis)] || x.size(axis) != 1) sizes.push_back(x.size(axis));
  }
  return reshape(x, Shape(sizes));
}

Tensor unsqueeze(const Tensor& x, int axis) {
  const int counted = axis < 0 ? axis + x.rank() + 1 : axis;
  if (counted < 0 || counted > x.rank()) {
    throw ShapeError(fmt::format("unsqueeze: axis {} is out of range for {}: expected {} to {}", axis,
                                 to_string(x.shape()), -x.rank() - 1, x.rank()));
  }
  std::vector<std::int64_t> sizes(x.shape().begin(), x.shape().end());
  sizes.insert(sizes.begin() + counted, 1);
  return reshape(x, Shape(sizes));
}

Tensor stack(const std::vector<Tensor>& tensors, int axis) {
  if (tensors.empty()) throw ShapeError("stack: expected at least one tensor, got none");
  std::vector<Tensor> parts;
  for (const Tensor& x : tensors) {
    if (x.shape() != tensors.front().shape()) {
      throw ShapeError(fmt::format("stack: expected the same shape, got {} and, for tensor {}, {}",
                                   to_string(tensors.front().shape()), parts.size(), to_string(x.shape())));
    }
    if (x.dtype() != tensors.front().dtype()) {
      throw DTypeError(fmt::format("stack: expected the same dtype, got {} and, for tensor {}, {}",
                                   to_string(tensors.front().array()), parts.size(), to_string(x.array())));
    }
    parts.push_back(unsqueeze(x, axis));
  }
  return cat(parts, axis);
}

}  // namespace tapestry
