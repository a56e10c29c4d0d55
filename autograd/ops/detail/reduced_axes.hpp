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
  std::array<bool, Shape::max_rank> axes{};  ///< true for reduced axes
  Shape kept;                                ///< the result's shape with size 1 along the reduced axes
  Shape dropped;                             ///< the result's shape without the reduced axes
  std::int64_t count = 1;                    ///< elements reduced to each element of the result
};

/// Reduces all axes if `axes` is empty. Throws a ShapeError naming `operation` for an axis that is out of range or
/// listed twice.
Reduction reduction_of(std::string_view operation, const Shape& shape, const Axes& axes);

/// Throws a ValueError naming `operation` when the reduction is over no elements.
void check_some(std::string_view operation, const Shape& shape, const Reduction& reduction);

/// The position of an axis in the memory of an array.
kernels::MiddleAxis middle_axis(const Array& x, int axis);

}  // namespace tapestry::detail
