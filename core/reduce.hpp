// Sums along axes of arrays.
#pragma once

#include <cstdint>
#include <span>

#include <tapestry/core/array.hpp>

namespace tapestry {

/// The sums over the axes marked in `reduced` (an entry per axis), which stay with size 1. Floating types are added up
/// in double precision, so that a sum of f32 is right to its last bit or next to it. Takes f32 and f64.
Array sum_over(const Array& x, std::span<const bool> reduced);

/// The sum that broadcasting `x` back from `shape` calls for: over every axis that `shape` lacks or has as 1. Throws a
/// ShapeError when `shape` does not broadcast to the shape of `x`.
Array sum_to(const Array& x, const Shape& shape);

}  // namespace tapestry
