#include <algorithm>

#include <tapestry/core/broadcast.hpp>

namespace tapestry {
namespace {

MemoryFormat result_format(const Array& a, const Array& b, const Shape& shape) {
  for (const Array* operand : {&a, &b}) {
    if (operand->shape() == shape && operand->format() == MemoryFormat::channels_last)
      return MemoryFormat::channels_last;
  }
  return MemoryFormat::row_major;
}

/// Strides along the axes of `shape`, 0 where the array is repeated.
std::vector<std::int64_t> broadcast_strides(const Array& array, const Shape& shape) {
  const auto own = array.strides();
  std::vector<std::int64_t> strides(static_cast<std::size_t>(shape.rank()), 0);
  for (int axis = 1; axis <= array.rank(); ++axis) {
    if (array.size(-axis) == 1) continue;
    strides[static_cast<std::size_t>(shape.rank() - axis)] = own[static_cast<std::size_t>(array.rank() - axis)];
  }
  return strides;
}

/// The axes of an array of this shape and format, from the slowest to the fastest in memory.
std::vector<int> memory_order(const Shape& shape, MemoryFormat format) {
  std::vector<int> axes;
  for (int axis = 0; axis < shape.rank(); ++axis) axes.push_back(axis);
  if (format == MemoryFormat::channels_last) std::rotate(axes.end() - 3, axes.end() - 2, axes.end());
  return axes;
}

}  // namespace

BroadcastPlan::BroadcastPlan(const Array& first, const Array& second, std::string_view operation)
    : shape(broadcast_shapes(first.shape(), second.shape(), operation)),
      format(result_format(first, second, shape)),
      a(first.shape() == shape ? first.contiguous(format) : first),
      b(second.shape() == shape ? second.contiguous(format) : second) {
  plan_loops();
}

BroadcastPlan::BroadcastPlan(const Array& only, const Shape& to, MemoryFormat result_format)
    : shape(to), format(result_format), a(only.shape() == shape ? only.contiguous(format) : only), b(a) {
  plan_loops();
}

void BroadcastPlan::plan_loops() {
  const auto strides_a = broadcast_strides(a, shape);
  const auto strides_b = broadcast_strides(b, shape);
  std::vector<Loop> loops;
  for (const int axis : memory_order(shape, format)) {
    const auto at = static_cast<std::size_t>(axis);
    const Loop loop = {shape[axis], strides_a[at], strides_b[at]};
    if (loop.size == 1) continue;
    if (!loops.empty() && loops.back().stride_a == loop.stride_a * loop.size &&
        loops.back().stride_b == loop.stride_b * loop.size) {
      loops.back() = {loops.back().size * loop.size, loop.stride_a, loop.stride_b};
    } else {
      loops.push_back(loop);
    }
  }
  if (!loops.empty()) {
    inner = loops.back();
    loops.pop_back();
  }
  outer = std::move(loops);
}

}  // namespace tapestry
