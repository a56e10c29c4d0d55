// The axes of a reduction.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <tapestry/autograd/ops/axes.hpp>
#include <tapestry/core/array.hpp>
#include <tapestry/kernels/indexing/middle_axis.hpp>

namespace tapestry::detail {

struct Reduction {
  std::array<bool, Shape::max_rank> axes{};  ///< marked where reduced
  Shape kept;                                ///< the result's shape with size 1 along the reduced axes
  Shape dropped;                             ///< and without them
  std::int64_t count = 1;                    ///< elements that go into each element of the result
};

/// No axes mean all axes. Throws a ShapeError naming `operation` for an axis that is out of range or listed twice.
Reduction reduction_of(std::string_view operation, const Shape& shape, const Axes& axes);

/// Throws a ValueError naming `operation` when elements of the result would be made of none.
void check_some(std::string_view operation, const Shape& shape, const Reduction& reduction);

/// An axis of an array as it lies in memory.
kernels::MiddleAxis middle_axis(const Array& x, int axis);

}  // namespace tapestry::detail
