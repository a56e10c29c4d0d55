// Sums along axes of arrays.
#pragma once

#include <cstdint>
#include <span>

#include <tapestry/core/array.hpp>

namespace tapestry {

/// The sums over the axes marked in `reduced` (an entry per axis), which are kept with size 1. Sums accumulate in
/// double precision, so that a sum of f32 is accurate to about one unit in the last place. Requires f32 or f64.
Array sum_over(const Array& x, std::span<const bool> reduced);

/// The adjoint of broadcasting from `shape`: the sum of `x` over every axis that `shape` lacks or has as 1. Throws a
/// ShapeError when `shape` does not broadcast to the shape of `x`.
Array sum_to(const Array& x, const Shape& shape);

}  // namespace tapestry
