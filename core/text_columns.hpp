// The width of text on a terminal.
#pragma once

#include <string>
#include <string_view>

namespace tapestry::detail {

/// The columns that a UTF-8 text occupies: none for combining characters, two for wide ones such as Chinese characters.
/// A byte that is not UTF-8 counts as one.
int text_columns(std::string_view text);

/// The beginning of a text that occupies at most `columns` columns.
std::string first_columns(std::string_view text, int columns);

}  // namespace tapestry::detail
