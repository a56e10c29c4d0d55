// Copies of a range along one axis between arrays, for slice, cat and their kin.
#pragma once

#include <cstdint>

#include <tapestry/core/array.hpp>

namespace tapestry::detail {

/// to[…, to_begin + i, …] = from[…, from_begin + i, …] along `axis` for i in [0, count). The arrays have one dtype, one
/// format and, along the other axes, one shape.
void copy_along(int axis, const Array& from, std::int64_t from_begin, Array& to, std::int64_t to_begin,
                std::int64_t count);

}  // namespace tapestry::detail
