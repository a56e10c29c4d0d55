// Which fields of options are required. Omitting one fails with a sentence, which tests/structure/compile_errors.sh
// reads.
#pragma once

#include <tapestry/core/required.hpp>

namespace tapestry::testing {

template <class Field>
inline constexpr bool is_required_type = false;
template <class T, class Options>
inline constexpr bool is_required_type<Required<T> Options::*> = true;

/// True for a pointer to a required field: `is_required<&Options::lr>`.
template <auto field>
inline constexpr bool is_required = is_required_type<decltype(field)>;

}  // namespace tapestry::testing
