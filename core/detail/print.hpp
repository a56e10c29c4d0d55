// Arrays as text.
#pragma once

#include <string>
#include <string_view>

#include <tapestry/core/array.hpp>

namespace tapestry::detail {

/// What `operator<<` of Array writes, with another name than "array" before the parenthesis and a note at its end, such
/// as "requires_grad=true", if it is not empty.
std::string printed(const Array& array, std::string_view name, std::string_view note);

}  // namespace tapestry::detail
