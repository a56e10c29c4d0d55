#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tapestry/core/error.hpp>
#include <tapestry/core/shape.hpp>

namespace tapestry {

Shape::Shape(std::initializer_list<std::int64_t> sizes) : Shape(std::span(sizes.begin(), sizes.size())) {}

Shape::Shape(std::span<const std::int64_t> sizes) {
  if (sizes.size() > max_rank) {
    throw ShapeError(
        fmt::format("shape: expected at most {} axes, got {} ([{}])", max_rank, sizes.size(), fmt::join(sizes, ", ")));
  }
  bool is_empty = false;
  for (const std::int64_t size : sizes) {
    if (size < 0) throw ShapeError(fmt::format("shape: sizes must not be negative, got [{}]", fmt::join(sizes, ", ")));
    sizes_[static_cast<std::size_t>(rank_++)] = size;
    is_empty = is_empty || size == 0;
    if (__builtin_mul_overflow(numel_, std::max<std::int64_t>(size, 1), &numel_)) {
      throw ShapeError(fmt::format("shape: the number of elements of [{}] overflows int64", fmt::join(sizes, ", ")));
    }
  }
  if (is_empty) numel_ = 0;
}

int Shape::checked_axis(int axis) const {
  const int counted = axis < 0 ? axis + rank_ : axis;
  if (counted < 0 || counted >= rank_) {
    throw ShapeError(fmt::format("shape: axis {} is out of range for {} of rank {}", axis, to_string(*this), rank_));
  }
  return counted;
}

Shape Shape::with(int axis, std::int64_t size) const {
  std::vector<std::int64_t> sizes(begin(), end());
  sizes[static_cast<std::size_t>(checked_axis(axis))] = size;
  return Shape(sizes);
}

std::string to_string(const Shape& shape) {
  return fmt::format("[{}]", fmt::join(shape.sizes(), ", "));
}

Shape broadcast_shapes(const Shape& a, const Shape& b, std::string_view operation) {
  const int rank = std::max(a.rank(), b.rank());
  std::array<std::int64_t, Shape::max_rank> sizes{};
  for (int axis = 1; axis <= rank; ++axis) {
    const std::int64_t size_a = axis <= a.rank() ? a[-axis] : 1;
    const std::int64_t size_b = axis <= b.rank() ? b[-axis] : 1;
    if (size_a != size_b && size_a != 1 && size_b != 1) {
      throw ShapeError(fmt::format("{}: shapes {} and {} do not broadcast: {} and {} at axis {} from the end",
                                   operation, to_string(a), to_string(b), size_a, size_b, axis));
    }
    sizes[static_cast<std::size_t>(rank - axis)] = size_a == 1 ? size_b : size_a;
  }
  return Shape(std::span<const std::int64_t>(sizes.data(), static_cast<std::size_t>(rank)));
}

}  // namespace tapestry
