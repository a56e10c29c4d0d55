// Copies a range along one axis between arrays, for slice, cat and similar operators.
#pragma once

#include <cstdint>

#include <tapestry/core/array.hpp>

namespace tapestry::detail {

/// to[…, to_begin + i, …] = from[…, from_begin + i, …] along `axis` for i in [0, count). The arrays have the same
/// dtype, format and sizes along the other axes.
void copy_along(int axis, const Array& from, std::int64_t from_begin, Array& to, std::int64_t to_begin,
                std::int64_t count);

}  // namespace tapestry::detail
