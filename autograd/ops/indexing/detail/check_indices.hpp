// The range check of indices.
#pragma once

#include <string_view>

#include <tapestry/core/array.hpp>

namespace tapestry::detail {

/// Throws, naming `operation`, a DTypeError unless `indices` are i64, and a ValueError with the position and value of
/// the first index out of range for `axis` of `shape`.
void check_indices(std::string_view operation, const Array& indices, const Shape& shape, int axis);

}  // namespace tapestry::detail
